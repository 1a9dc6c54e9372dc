#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/topology/input_file.hpp"
#include "mesh/topology/yaml_value.hpp"
#include "sim/chip_model.hpp"

namespace ttmesh::mesh {

/// What a cluster descriptor says, chips by their ids.
struct ClusterDescription {
  struct Board {
    std::uint64_t id = 0;
    std::string type;
    std::vector<int> chips;
  };

  sim::Arch arch = sim::Arch::WormholeB0;
  std::map<int, int> chips;                  ///< Id to line.
  std::map<std::pair<int, int>, int> links;  ///< Channels between two chips, lower id first.
  std::set<int> mmio_chips;                  ///< Those with a PCIe link of their own.
  std::vector<Board> boards;
  std::map<int, int> harvested_rows;  ///< By chip; those that state it.
  int remote_links = 0;               ///< Links that leave the host.
  std::vector<Problem> warnings;
};

/// Throws mesh::InvalidFile with every mistake.
[[nodiscard]] ClusterDescription read_cluster_description(const InputFile& file,
                                                          const YamlValue& document);

}  // namespace ttmesh::mesh
