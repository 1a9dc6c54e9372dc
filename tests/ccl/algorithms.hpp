#pragma once

#include <array>

#include "ccl/direct_reduce_scatter.hpp"
#include "ccl/line_all_gather.hpp"
#include "ccl/line_reduce_scatter.hpp"
#include "ccl/parts.hpp"
#include "ccl/ring_all_gather.hpp"
#include "ccl/ring_reduce_scatter.hpp"
#include "ccl/verifier.hpp"

namespace ttmesh::ccl::test {

/// One algorithm as the tests loop over it.
struct Case {
  const char* name;
  Collective collective;
  Topology topology;
  /// The chip's plan for slices of so many pages.
  mesh::StepPlan (*plan)(const Member&, std::int64_t slice_pages);

  int smallest() const { return topology == Topology::Ring ? 3 : 2; }
  Algorithm algorithm(std::int64_t slice_pages) const {
    return [*this, slice_pages](const Member& member) { return plan(member, slice_pages); };
  }
  Verdict verified(int size, std::int64_t slice_pages) const {
    return verify(collective, algorithm(slice_pages),
                  {.size = size, .topology = topology, .slice_pages = slice_pages});
  }
};

constexpr int kDim = 0;

inline const std::array kCases{
    Case{"LineAllGather", Collective::AllGather, Topology::Linear,
         [](const Member& member, std::int64_t) { return line_all_gather(member, kDim); }},
    Case{"RingAllGather", Collective::AllGather, Topology::Ring,
         [](const Member& member, std::int64_t pages) {
           return ring_all_gather(member, kDim, ring_parts(member.size, pages));
         }},
    Case{"LineReduceScatter", Collective::ReduceScatter, Topology::Linear,
         [](const Member& member, std::int64_t) { return line_reduce_scatter(member, kDim); }},
    Case{"RingReduceScatter", Collective::ReduceScatter, Topology::Ring,
         [](const Member& member, std::int64_t pages) {
           return ring_reduce_scatter(member, kDim, ring_parts(member.size, pages));
         }},
    Case{"DirectReduceScatter", Collective::ReduceScatter, Topology::Ring,
         [](const Member& member, std::int64_t pages) {
           return direct_reduce_scatter(member, kDim, ring_parts(member.size, pages));
         }},
    Case{"OneWayAllGather", Collective::AllGather, Topology::Ring,
         [](const Member& member, std::int64_t) { return one_way_all_gather(member, kDim); }},
    Case{"OneWayReduceScatter", Collective::ReduceScatter, Topology::Ring,
         [](const Member& member, std::int64_t) { return one_way_reduce_scatter(member, kDim); }},
};

}  // namespace ttmesh::ccl::test
