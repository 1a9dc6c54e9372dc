#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mesh/topology/input_file.hpp"
#include "mesh/topology/parsed_topology.hpp"
#include "mesh/topology/yaml_value.hpp"

namespace ttmesh::mesh {

/// One process of a launch over several hosts.
struct RankBinding {
  int rank = 0;
  int mesh_id = 0;
  std::optional<int> mesh_host_rank;  ///< Which of its mesh's hosts; unset: any that is left.
  std::map<std::string, std::string> environment;  ///< On top of the global one.
  std::string descriptor;  ///< Path of its mesh graph descriptor, as written.
  int subcontext = 0;      ///< Which file of a mapping it comes from.
  int line = 0;
};

/// What tt-run reads: processes, and the descriptor of the machine that they form.
struct RankBindings {
  std::vector<RankBinding> ranks;                  ///< By rank.
  std::map<std::string, std::string> environment;  ///< Of all ranks.
  std::vector<Problem> warnings;
};

/// True if a YAML document has the shape of rank bindings, or of a mapping to several of them.
[[nodiscard]] bool looks_like_rank_bindings(const YamlValue& document);

/// Reads rank bindings, or the files of a mapping, whose ranks follow one another.
/// Throws mesh::InvalidFile with every mistake.
[[nodiscard]] RankBindings read_rank_bindings(const InputFile& file, const YamlValue& document);

/// The file that `path`, written in the file `from`, means: as it stands, or below $TT_METAL_HOME,
/// the working directory or any folder above `from`, or else a file of that name in the folder of
/// `from`, or in just one of the folders beside that. Nothing if there is none.
[[nodiscard]] std::optional<std::string> find_descriptor(const std::string& path,
                                                         const std::string& from);

/// The bindings of a file. Throws mesh::InvalidFile if it holds none, or with every mistake.
[[nodiscard]] RankBindings load_rank_bindings(const std::string& path);

/// What a launch of `bindings` refuses on a topology: ranks of meshes or hosts that it does not
/// have, two for one host, and hosts without a rank.
[[nodiscard]] std::vector<Problem> binding_problems(const RankBindings& bindings,
                                                    const Topology& topology,
                                                    const std::string& file);

/// The topology with hosts for ranks as the bindings say; ranks without a mesh_host_rank take the
/// hosts that are left, in order. For bindings without problems.
[[nodiscard]] Topology bind_ranks(Topology topology, const RankBindings& bindings);

}  // namespace ttmesh::mesh
