#pragma once

#include "cli/ccl.hpp"
#include "cli/ccl_report.hpp"
#include "mesh/device/mesh_device.hpp"

namespace ttmesh::cli {

/// Finds what is wrong with the arguments without a machine. Throws std::invalid_argument if the
/// collective or the number format is unknown, a size is none, or an option or the format is not
/// one that the collective takes.
void check_usage(const CclArguments& arguments);

/// Id of the mesh that a chip of any mesh is in. Throws std::invalid_argument, in the name of
/// `option`, if there is no such chip.
[[nodiscard]] int mesh_of_chip(const mesh::Topology& topology, const char* option, int chip);

/// The device of that chip alone, on the same machine as `device`.
[[nodiscard]] mesh::MeshDevice chip_device(const mesh::MeshDevice& device, const char* option,
                                           int chip);

/// What is to be measured on a device, with what the arguments leave open filled in: all chips if
/// no axis is named, a ring where all lines are closed. Throws std::invalid_argument if a chip that
/// is named does not exist, or the lines do not allow what is asked of them.
[[nodiscard]] CclHeading heading_of(const mesh::MeshDevice& device, const CclArguments& arguments);

}  // namespace ttmesh::cli
