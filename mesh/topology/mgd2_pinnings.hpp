#pragma once

#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/topology/machine_request.hpp"
#include "mesh/topology/mgd2_text.hpp"
#include "mesh/topology/topology.hpp"

namespace ttmesh::mesh {

/// Mistakes in the pinnings of chips to places of a machine, whatever the meshes are.
[[nodiscard]] std::vector<Problem> mgd2_pinning_problems(const Mgd2Document& document);

/// Pinnings of chips that the topology does not have, in entries that name them by number.
[[nodiscard]] std::vector<Problem> mgd2_pinning_range_problems(const Mgd2Document& document,
                                                               const Topology& topology);

/// The pinnings of a descriptor without such mistakes.
[[nodiscard]] std::vector<Pinning> mgd2_pinnings(const Mgd2Document& document);

}  // namespace ttmesh::mesh
