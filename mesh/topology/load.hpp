#pragma once

#include <optional>
#include <string>

#include "mesh/topology/input_file.hpp"
#include "mesh/topology/parsed_topology.hpp"
#include "mesh/topology/topology.hpp"

namespace ttmesh::mesh {

struct LoadOptions {
  std::optional<std::string>
      system;  ///< Preset to use for chips and links, whatever the file says.
  /// Chips of a cluster descriptor to keep, as in TT_VISIBLE_DEVICES; unset: that variable's own.
  std::optional<std::string> visible_devices;
  std::optional<std::string> fabric_config;  ///< Of the launch: see fabric_config.hpp.
};

/// The topology that `text` names: a file of any supported format, or
/// `SYSTEM[:ROWSxCOLS[:line|ring]]`. Applies the checks of a real launch.
///
/// `SYSTEM:1xN:line|ring` is N chips of that system joined by its links, whatever its own shape.
/// Throws mesh::InvalidFile with file, line and field of every mistake of the first failing stage,
/// or std::invalid_argument for an unknown system or shape.
[[nodiscard]] Topology load_topology(const std::string& text, const LoadOptions& options = {});

/// The topology of a file in this project's format that is in memory. Throws as above.
[[nodiscard]] Topology load_topology(const InputFile& file);

/// The same without the launch's checks: what the descriptor defines, as `ttmesh topo show` prints.
/// Problems that a launch would refuse are listed in `launch_problems` of the result.
[[nodiscard]] ParsedTopology parse_topology(const std::string& text,
                                            const LoadOptions& options = {});

}  // namespace ttmesh::mesh
