#include "mesh/topology/mgd1_meshes.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace ttmesh::mesh {
namespace {

constexpr IntRange kExtent{1, 4096};

std::string upper(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

struct Board {
  MeshShape shape;
  std::array<DimType, 2> dim_types{DimType::Line, DimType::Line};
};

/// Reads chips and boards, and then the meshes made of them.
class MeshReader {
 public:
  MeshReader(YamlReader& reader, const YamlValue& root) : reader_(reader), root_(root) {}

  Mgd1Meshes read() {
    warn_of_unknown(root_, "", {"ChipSpec", "Board", "Mesh", "RelaxedGraph", "Graph"});
    read_chip_spec();
    read_boards();
    read_meshes();
    if (reader_.clean()) number_chips();
    return std::move(result_);
  }

 private:
  /// tt-metal skips what it does not know; so do we, but not silently.
  void warn_of_unknown(const YamlValue& map, const std::string& field,
                       std::initializer_list<std::string_view> known) {
    constexpr std::size_t kMaxWarnings = 100;
    for (const YamlValue& key : map.keys) {
      if (std::find(known.begin(), known.end(), key.text) != known.end()) continue;
      if (result_.warnings.size() == kMaxWarnings) return;
      result_.warnings.push_back(
          {reader_.file(), key.line, field_path(field, key.text), "unknown key, ignored"});
    }
  }

  void read_chip_spec() {
    const YamlValue* spec = root_.find("ChipSpec");
    if (spec == nullptr || spec->kind != YamlValue::Kind::Map) {
      reader_.report(spec != nullptr ? *spec : root_, "ChipSpec",
                     "MeshGraph: Expecting yaml to define ChipSpec as a Map");
      return;
    }
    warn_of_unknown(*spec, "ChipSpec", {"arch", "ethernet_ports"});
    if (const YamlValue* arch = reader_.required(*spec, "ChipSpec", "arch")) {
      const std::string word = upper(arch->text);
      if (word == "BLACKHOLE") {
        result_.arch = sim::Arch::Blackhole;
      } else if (word != "WORMHOLE_B0") {
        reader_.report(*arch, "ChipSpec.arch",
                       "MeshGraph: Invalid yaml chip arch: " + arch->text.substr(0, 60));
      }
    }
    const YamlValue* ports = reader_.required(*spec, "ChipSpec", "ethernet_ports");
    if (ports != nullptr) read_ports(*ports);
  }

  void read_ports(const YamlValue& ports) {
    const std::string field = "ChipSpec.ethernet_ports";
    if (!reader_.expect_map(ports, field)) return;
    warn_of_unknown(ports, field, {"N", "E", "S", "W", "Z"});
    std::set<int> counts;
    for (const char* side : {"N", "E", "S", "W"}) {
      const YamlValue* count = reader_.required(ports, field, side);
      if (count == nullptr) continue;
      const auto number = reader_.integer(*count, field_path(field, side), {0, kMaxChannels});
      if (!number) continue;
      result_.ports = *number;
      counts.insert(*number);
    }
    if (counts.size() > 1) {
      reader_.report(ports, field, "Expecting the same number of ethernet ports in each direction");
    }
  }

  void read_boards() {
    const YamlValue* boards = root_.find("Board");
    if (boards == nullptr || boards->kind != YamlValue::Kind::Sequence) {
      reader_.report(boards != nullptr ? *boards : root_, "Board",
                     "MeshGraph: Expecting yaml to define Board as a Sequence");
      return;
    }
    for (std::size_t i = 0; i < boards->items.size(); ++i) {
      read_board(boards->items[i], field_path("Board", i));
    }
  }

  void read_board(const YamlValue& value, const std::string& field) {
    if (!reader_.expect_map(value, field)) return;
    warn_of_unknown(value, field, {"name", "type", "topology"});
    Board board;
    const YamlValue* name = reader_.required(value, field, "name");
    if (const YamlValue* type = reader_.required(value, field, "type")) {
      read_type(*type, field_path(field, "type"), board);
    }
    board.shape = read_extents(value, field, "board", "topology").value_or(MeshShape{});
    if (name == nullptr || !reader_.word(*name, field_path(field, "name"))) return;
    if (!boards_.emplace(name->text, board).second) {
      reader_.report(*name, field_path(field, "name"),
                     "MeshGraph: Duplicate board name: " + name->text.substr(0, 60));
    }
  }

  void read_type(const YamlValue& value, const std::string& field, Board& board) {
    const std::string type = upper(value.text);
    const bool both = type == "TORUS_XY" || type == "TORUS_2D";
    const bool one = type == "TORUS_X" || type == "TORUS_1D";
    if (both || type == "TORUS_Y") board.dim_types[0] = DimType::Ring;
    if (both || one) board.dim_types[1] = DimType::Ring;
    if (type == "TORUS_1D") {
      result_.warnings.push_back({reader_.file(), value.line, field,
                                  "TORUS_1D, which tt-metal never wired, is taken as TORUS_X"});
    }
    if (!both && !one && type != "TORUS_Y" && type != "MESH") {
      reader_.report(value, field, "Invalid yaml fabric board type: " + value.text.substr(0, 60));
    }
  }

  std::optional<MeshShape> read_extents(const YamlValue& map, const std::string& field,
                                        const std::string& owner, const char* key) {
    const YamlValue* value = map.find(key);
    if (value == nullptr) {
      reader_.report(map, field_path(field, key),
                     "MeshGraph: Expecting yaml " + owner + " to define " + key);
      return std::nullopt;
    }
    const auto pair = reader_.integer_pair(*value, field_path(field, key), kExtent);
    if (!pair) return std::nullopt;
    return MeshShape{pair->first, pair->second};
  }

  void read_meshes() {
    const YamlValue* meshes = root_.find("Mesh");
    if (meshes == nullptr || meshes->kind != YamlValue::Kind::Sequence) {
      reader_.report(meshes != nullptr ? *meshes : root_, "Mesh",
                     "MeshGraph: Expecting yaml to define Mesh as a Sequence");
      return;
    }
    if (meshes->items.empty()) reader_.report(*meshes, "Mesh", "is empty");
    for (std::size_t i = 0; i < meshes->items.size(); ++i) {
      const std::string field = field_path("Mesh", i);
      read_mesh(meshes->items[i], field);
      if (chips_ > kMaxChips) {
        reader_.report(
            meshes->items[i], field,
            "brings the file to more than " + std::to_string(kMaxChips) + " chips, the limit");
        return;
      }
    }
  }

  void read_mesh(const YamlValue& value, const std::string& field) {
    if (!reader_.expect_map(value, field)) return;
    warn_of_unknown(value, field,
                    {"id", "board", "topology", "device_topology", "host_topology", "host_ranks"});
    MeshDescription mesh;
    mesh.channels = result_.ports;
    if (const YamlValue* id = reader_.required(value, field, "id")) {
      mesh.id = reader_.integer(*id, field_path(field, "id"), {0, kMaxMeshes}).value_or(0);
      if (!ids_.insert(mesh.id).second) {
        reader_.report(*id, field_path(field, "id"),
                       "mesh id " + std::to_string(mesh.id) + " is not unique");
      }
    }
    mesh.name = "M" + std::to_string(mesh.id);
    const YamlValue* board_name = reader_.required(value, field, "board");
    if (board_name == nullptr) return;
    const auto board = boards_.find(board_name->text);
    if (board == boards_.end()) {
      reader_.report(*board_name, field_path(field, "board"),
                     "MeshGraph: Board not found: " + board_name->text.substr(0, 60));
      return;
    }
    mesh.dim_types = board->second.dim_types;
    const bool in_boards = value.find("device_topology") == nullptr && value.find("topology");
    const bool sized = in_boards ? read_size_in_boards(value, field, board->second.shape, mesh)
                                 : read_size_in_chips(value, field, board->second.shape, mesh);
    if (!sized) return;
    if (const YamlValue* ranks = value.find("host_ranks")) {
      read_host_ranks(*ranks, field_path(field, "host_ranks"), mesh);
    }
    chips_ += mesh.shape.size();
    check_launch(value, field, mesh);
    lines_[mesh.id] = value.line;
    result_.meshes.push_back(std::move(mesh));
  }

  /// Dialect a: `topology` counts boards.
  bool read_size_in_boards(const YamlValue& value, const std::string& field, MeshShape board,
                           MeshDescription& mesh) {
    const auto boards = read_extents(value, field, "mesh", "topology");
    if (!boards) return false;
    mesh.host_shape = *boards;
    const std::int64_t rows = std::int64_t{boards->rows} * board.rows;
    const std::int64_t cols = std::int64_t{boards->cols} * board.cols;
    if (rows > kExtent.greatest || cols > kExtent.greatest) {
      reader_.report(*value.find("topology"), field_path(field, "topology"),
                     "makes a mesh with more than " + std::to_string(kExtent.greatest) +
                         " chips along a dim, the limit");
      return false;
    }
    mesh.shape = {static_cast<int>(rows), static_cast<int>(cols)};
    if (value.find("host_ranks") == nullptr) {
      reader_.report(value, field_path(field, "host_ranks"), "is missing");
      return false;
    }
    return true;
  }

  /// Dialects b and c: `device_topology` counts chips.
  bool read_size_in_chips(const YamlValue& value, const std::string& field, MeshShape board,
                          MeshDescription& mesh) {
    const auto devices = read_extents(value, field, "mesh", "device_topology");
    const auto hosts = read_extents(value, field, "mesh", "host_topology");
    if (!devices || !hosts) return false;
    mesh.shape = *devices;
    mesh.host_shape = *hosts;
    const YamlValue& at = *value.find("device_topology");
    const std::string path = field_path(field, "device_topology");
    if (devices->rows % board.rows != 0 || devices->cols % board.cols != 0) {
      reader_.report(at, path,
                     "MeshGraph: Device topology size " + to_string(*devices) +
                         " must be divisible by board topology size " + to_string(board));
      return false;
    }
    const bool equal = devices->rows == std::int64_t{hosts->rows} * board.rows &&
                       devices->cols == std::int64_t{hosts->cols} * board.cols;
    if (!equal) {
      reader_.report(at, path,
                     "MeshGraph: Device topology size " + to_string(*devices) +
                         " must equal host topology size " + to_string(*hosts) +
                         " * board topology size " + to_string(board));
      return false;
    }
    return true;
  }

  /// Ranks by board. Each must own a rectangle, all equal; `host_shape` becomes their grid.
  void read_host_ranks(const YamlValue& value, const std::string& field, MeshDescription& mesh) {
    const auto [rows, cols] = mesh.host_shape;
    const std::string complaint =
        "MeshGraph: Expecting host_ranks to define a 2D array that matches host topology ";
    if (value.kind != YamlValue::Kind::Sequence ||
        value.items.size() != static_cast<std::size_t>(rows)) {
      reader_.report(value, field, complaint + "NS size " + std::to_string(rows));
      return;
    }
    std::vector<std::vector<int>> ranks;
    for (const YamlValue& row : value.items) {
      if (row.kind != YamlValue::Kind::Sequence ||
          row.items.size() != static_cast<std::size_t>(cols)) {
        reader_.report(row, field, complaint + "EW size " + std::to_string(cols));
        return;
      }
      ranks.emplace_back();
      for (const YamlValue& rank : row.items) {
        ranks.back().push_back(reader_.integer(rank, field, {0, kMaxChips}).value_or(0));
      }
    }
    const auto run = [](int extent, const auto& rank_at) {
      int length = 1;
      while (length < extent && rank_at(length) == rank_at(0)) ++length;
      return length;
    };
    using Index = std::size_t;
    const int height = run(rows, [&ranks](int i) { return ranks[static_cast<Index>(i)][0]; });
    const int width = run(cols, [&ranks](int i) { return ranks[0][static_cast<Index>(i)]; });
    bool regular = rows % height == 0 && cols % width == 0;
    for (int row = 0; regular && row < rows; ++row) {
      for (int col = 0; col < cols; ++col) {
        const int expected = row / height * (cols / width) + col / width;
        regular &= ranks[static_cast<Index>(row)][static_cast<Index>(col)] == expected;
      }
    }
    if (!regular) {
      reader_.report(value, field,
                     "ranks must be numbered row by row from 0, each with a rectangle of the same "
                     "size");
      return;
    }
    mesh.host_shape = {rows / height, cols / width};
  }

  void check_launch(const YamlValue& value, const std::string& field, const MeshDescription& mesh) {
    const bool odd = mesh.shape.rows % 2 == 1 && mesh.shape.cols % 2 == 1;
    if (result_.arch != sim::Arch::WormholeB0 || !odd || mesh.shape.size() == 1) return;
    result_.launch_problems.push_back(
        {reader_.file(), value.line, field,
         "MeshGraph: For WORMHOLE_B0 architecture, if both mesh dimensions "
         "are odd, they must both be 1, got " +
             to_string(mesh.shape)});
  }

  void number_chips() {
    std::sort(result_.meshes.begin(), result_.meshes.end(),
              [](const MeshDescription& x, const MeshDescription& y) { return x.id < y.id; });
    ChipId first_chip = 0;
    for (std::size_t i = 0; i < result_.meshes.size(); ++i) {
      MeshDescription& mesh = result_.meshes[i];
      mesh.first_chip = first_chip;
      first_chip += mesh.shape.size();
    }
    const int last = result_.meshes.back().id;
    if (static_cast<std::size_t>(last) + 1 == result_.meshes.size()) return;
    result_.launch_problems.push_back({reader_.file(), lines_[last], "Mesh",
                                       "mesh ids must be 0 to " +
                                           std::to_string(result_.meshes.size() - 1) +
                                           " without gaps, found " + std::to_string(last)});
  }

  YamlReader& reader_;
  const YamlValue& root_;
  Mgd1Meshes result_;
  std::int64_t chips_ = 0;
  std::map<std::string, Board> boards_;
  std::set<int> ids_;
  std::map<int, int> lines_;  ///< Of meshes, by id.
};

}  // namespace

Mgd1Meshes read_mgd1_meshes(YamlReader& reader, const YamlValue& document) {
  return MeshReader(reader, document).read();
}

}  // namespace ttmesh::mesh
