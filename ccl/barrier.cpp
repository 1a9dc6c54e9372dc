#include "ccl/barrier.hpp"

#include <vector>

#include "ccl/exchange_schedule.hpp"
#include "ccl/exchange_wiring.hpp"

namespace ttmesh::ccl {
namespace {

mesh::Schedule schedule(const mesh::CollectiveCall& call) {
  return exchange_schedule(call, {.groups = wired_groups(call),
                                  .transfers = {},
                                  .slots = [](int) { return mesh::SlotPlan{}; },
                                  .last = [](int) { return std::vector<mesh::Step>{}; }});
}

}  // namespace

void barrier(mesh::MeshDevice device) {
  const Wiring wiring = resolve_exchange("barrier", device, {});
  if (wiring.size == 1) return;
  mesh::Attributes attributes;
  add_exchange(attributes, wiring, choose_exchange("barrier", wiring, {}, {}).algorithm);
  device.enqueue("barrier", {}, attributes);
}

mesh::OpDefinition barrier_definition() {
  mesh::OpDefinition definition;
  definition.infer = [](const mesh::OpCall&) { return std::vector<mesh::TensorSpec>{}; };
  definition.schedule = schedule;
  return definition;
}

}  // namespace ttmesh::ccl
