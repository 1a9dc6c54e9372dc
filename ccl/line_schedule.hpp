#pragma once

#include <cstdint>
#include <span>

#include "ccl/algorithm.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ccl {

/// The schedule of a call along the lines of its view, by its attributes `algorithm`, `dim`,
/// `cluster_axis` and `num_links`: one of `algorithms`, or `routed`.
[[nodiscard]] mesh::Schedule line_schedule(const mesh::CollectiveCall& call,
                                           std::span<const LineAlgorithm> algorithms,
                                           mesh::Schedule (*routed)(const mesh::CollectiveCall&),
                                           std::int64_t slice_pages);

}  // namespace ttmesh::ccl
