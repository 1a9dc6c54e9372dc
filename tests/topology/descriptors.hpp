#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "mesh/topology/parsed_topology.hpp"

namespace ttmesh::mesh {

/// A cluster descriptor of `chips` chips, all with PCIe, and links "a-b" on channels of their own.
[[nodiscard]] std::string cluster_text(int chips, const std::vector<std::pair<int, int>>& links,
                                       const std::string& more = "");

/// Neighbours of a grid numbered row by row, each pair as often as it has channels.
struct GridCables {
  MeshShape shape;
  int channels = 1;
  std::array<DimType, 2> dim_types{DimType::Line, DimType::Line};
};
[[nodiscard]] std::vector<std::pair<int, int>> cables_of(const GridCables& grid);

/// A mesh graph descriptor, version 2, of one mesh "M0" of Blackhole chips on one host.
struct Mgd2Mesh {
  MeshShape shape;
  int channels = 1;
  std::string policy = "RELAXED";
  std::string dim_types = "LINE, LINE";
  MeshShape hosts{1, 1};
};
[[nodiscard]] std::string mgd2_text(const Mgd2Mesh& mesh);

/// What `parse` throws, or what a launch would refuse about its result: one problem a line.
template <typename Parse>
[[nodiscard]] std::string problems_in(const Parse& parse) {
  try {
    std::string all;
    for (const Problem& problem : parse().launch_problems) all += to_string(problem) + "\n";
    return all;
  } catch (const InvalidFile& error) {
    return error.what();
  }
}

}  // namespace ttmesh::mesh
