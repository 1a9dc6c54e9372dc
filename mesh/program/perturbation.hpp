#pragma once

#include <vector>

#include "mesh/program/machine.hpp"
#include "sim/setting.hpp"

namespace ttmesh::mesh {

/// Applies settings to a machine as its system makes it, first to last. What is down at the end is
/// taken out of the machine and its topology.
/// Throws mesh::InvalidFile with every setting of a file that selects nothing or whose result is
/// out of range, else std::invalid_argument for the first such setting that was typed.
void perturb(Machine& machine, const std::vector<sim::Setting>& settings);

}  // namespace ttmesh::mesh
