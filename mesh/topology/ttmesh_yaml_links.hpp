#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mesh/topology/topology.hpp"
#include "mesh/topology/yaml_reader.hpp"
#include "mesh/topology/yaml_value.hpp"

namespace ttmesh::mesh {

/// Links of a file of our own format that are written out chip by chip: `links` of a graph or of
/// uneven neighbours, `express` chords.
class TtmeshLinks {
 public:
  /// Mistakes go to `reader`, which outlives this, as do the values that are read.
  explicit TtmeshLinks(YamlReader& reader) : reader_(reader) {}

  /// Reads those of one mesh, which is a map at `field`.
  void read(const YamlValue& value, const std::string& field, const MeshDescription& mesh);
  /// Gives the neighbours of a mesh that `links` lists their own count.
  void apply_uneven(std::vector<Edge>& grid);
  /// `links` of a grid that has been given to no neighbours are mistakes.
  void report_strangers();

  /// Links of graphs, and chords.
  [[nodiscard]] const std::vector<Edge>& edges() const { return edges_; }

 private:
  /// A neighbour pair whose link count differs from its mesh's, and where the file says so.
  struct Uneven {
    const YamlValue* at;
    std::string field;
    Edge edge;
  };

  void read_link(const YamlValue& entry, const std::string& path, const MeshDescription& mesh);
  void read_chord(const YamlValue& entry, const std::string& path, const MeshDescription& mesh);
  std::optional<Edge> read_edge(const YamlValue& entry, const std::string& path,
                                const MeshDescription& mesh, std::size_t least);

  YamlReader& reader_;
  std::vector<Edge> edges_;
  std::map<std::pair<ChipId, ChipId>, Uneven> uneven_;
};

}  // namespace ttmesh::mesh
