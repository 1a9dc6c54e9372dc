#include "ccl/routed.hpp"

#include <utility>
#include <vector>

#include "ccl/exchange_schedule.hpp"
#include "ccl/groups.hpp"
#include "ccl/steps.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::Lane;
using mesh::SlotPlan;
using mesh::Step;

std::vector<Group> routed_lines(const mesh::CollectiveCall& call) {
  const int axis = static_cast<int>(call.call.attributes.integer("cluster_axis"));
  std::vector<Group> groups = groups_of(call.topology, call.view, axis);
  for (Group& group : groups) group.routed = true;
  return groups;
}

int dim_of(const mesh::CollectiveCall& call) {
  return static_cast<int>(call.call.attributes.integer("dim"));
}

int num_links_of(const mesh::CollectiveCall& call) {
  return static_cast<int>(call.call.attributes.integer("num_links"));
}

}  // namespace

mesh::Schedule routed_all_gather(const mesh::CollectiveCall& call) {
  const std::vector<Group> groups = routed_lines(call);
  const int size = groups.front().size();
  const auto payload = [size](int from, int) { return PayloadSlots{size, from}; };
  return exchange_schedule(
      call, {.groups = groups,
             .transfers = everyone_to_everyone(call.topology, groups, payload),
             .num_links = num_links_of(call),
             .slots =
                 [size, dim = dim_of(call)](int) {
                   SlotPlan slots;
                   slots.dim = dim;
                   slots.slots = size + 1;
                   slots.input_first = size;
                   slots.input_slices = 1;
                   slots.output_slices = size;
                   return slots;
                 },
             .last = [size](int index) { return std::vector{copy(Lane::Forward, index, size)}; }});
}

mesh::Schedule routed_reduce_scatter(const mesh::CollectiveCall& call) {
  const std::vector<Group> groups = routed_lines(call);
  const int size = groups.front().size();
  const auto payload = [size](int from, int to) { return PayloadSlots{to, size + from}; };
  return exchange_schedule(
      call, {.groups = groups,
             .transfers = everyone_to_everyone(call.topology, groups, payload),
             .num_links = num_links_of(call),
             .slots =
                 [size, dim = dim_of(call)](int index) {
                   SlotPlan slots;
                   slots.dim = dim;
                   slots.slots = 2 * size;
                   slots.input_slices = size;
                   slots.output_first = index;
                   slots.output_slices = 1;
                   return slots;
                 },
             .last =
                 [size](int index) {
                   std::vector<Step> sums;
                   for (int from = 0; from < size; ++from) {
                     if (from == index) continue;
                     sums.push_back(reduce_direct(Lane::Forward, index, size + from));
                   }
                   return sums;
                 }});
}

}  // namespace ttmesh::ccl
