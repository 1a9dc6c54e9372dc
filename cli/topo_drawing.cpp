#include "cli/topo_drawing.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace ttmesh::cli {
namespace {

using mesh::MeshDescription;

constexpr int kMaxRows = 64;
constexpr int kMaxCols = 16;

/// One cell per chip, `width_` columns for its number; a gap of links between two cells. Wraps
/// leave by both ends of their line.
class Drawing {
 public:
  explicit Drawing(const MeshDescription& mesh)
      : mesh_(mesh),
        channels_(std::to_string(mesh.channels)),
        width_(std::to_string(mesh.first_chip + mesh.shape.size() - 1).size()) {}

  std::string text() const {
    std::string text;
    if (mesh_.wraps(0)) text += vertical_links("┊");
    for (int row = 0; row < mesh_.shape.rows; ++row) {
      if (row > 0) {
        text += vertical_links("│");
        if (is_host_border(row, 0)) text += host_border();
      }
      text += chips(row);
    }
    if (mesh_.wraps(0)) text += vertical_links("┊");
    return text;
  }

 private:
  bool is_host_border(int position, int axis) const {
    const int share = mesh_.shape.extent(axis) / mesh_.host_shape.extent(axis);
    return position % share == 0;
  }

  std::string margin() const {
    return std::string(2, ' ') + (mesh_.wraps(1) ? std::string(3 + channels_.size(), ' ') : "");
  }

  std::string blank(std::size_t count) const { return std::string(count, ' '); }

  static std::string repeat(const std::string& mark, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += mark;
    return text;
  }

  /// Characters between two cells: " ──2──┃" at a border of hosts.
  std::size_t gap() const { return channels_.size() + 6; }

  std::string chips(int row) const {
    std::string text = "  ";
    if (mesh_.wraps(1)) text += "╌" + channels_ + "╌ ";
    for (int col = 0; col < mesh_.shape.cols; ++col) {
      if (col > 0) {
        const bool border = is_host_border(col, 1);
        text += " ──" + channels_ + (border ? "┃─" : "──") + " ";
      }
      const std::string number = std::to_string(mesh_.chip({row, col}));
      text += blank(width_ - number.size()) + number;
    }
    if (mesh_.wraps(1)) text += " ╌" + channels_ + "╌";
    return text + "\n";
  }

  std::string vertical_links(const std::string& mark) const {
    std::string text = margin();
    for (int col = 0; col < mesh_.shape.cols; ++col) {
      if (col > 0) {
        const bool border = is_host_border(col, 1);
        const std::size_t before = 3;  // The count to the right of the link reaches into the gap.
        text += border ? blank(before) + "┃" + blank(gap() - before - 1 - channels_.size())
                       : blank(gap() - channels_.size());
      }
      text += blank(width_ - 1) + mark + channels_;
    }
    return text + "\n";
  }

  std::string host_border() const {
    std::string text = margin();
    for (int col = 0; col < mesh_.shape.cols; ++col) {
      if (col > 0) text += repeat("━", gap());
      text += repeat("━", width_ - 1) + "┿";
    }
    return text + "\n";
  }

  const MeshDescription& mesh_;
  std::string channels_;
  std::size_t width_;
};

}  // namespace

std::string drawing(const MeshDescription& mesh) {
  if (!mesh.is_grid || mesh.shape.rows > kMaxRows || mesh.shape.cols > kMaxCols) return "";
  return Drawing(mesh).text();
}

void write_svg(const std::string& dot, const std::string& path) {
  // The graph goes through a file, since a pipe would need a reader and a writer at once.
  const std::string source = path + ".dot";
  std::ofstream file(source);
  file << dot;
  file.close();
  if (!file) throw std::runtime_error("[topo] cannot write " + source);
  std::string program = "dot";
  std::string format = "-Tsvg";
  std::string output = "-o" + path;
  std::string input = source;
  std::array<char*, 5> arguments{program.data(), format.data(), output.data(), input.data(),
                                 nullptr};
  pid_t child = 0;
  int status = -1;
  const int failed = posix_spawnp(&child, "dot", nullptr, nullptr, arguments.data(), environ);
  const bool done = failed == 0 && waitpid(child, &status, 0) == child;
  std::error_code ignored;
  std::filesystem::remove(source, ignored);
  if (!done || status != 0) {
    throw std::runtime_error("[topo] graphviz did not draw " + path +
                             "; install the package 'graphviz', or use --dot");
  }
}

}  // namespace ttmesh::cli
