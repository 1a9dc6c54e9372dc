#include "cli/heat_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

namespace ttmesh::cli {
namespace {

constexpr int kMaxRows = 64;
constexpr int kMaxCols = 16;
constexpr std::size_t kLinkWidth = 5;              ///< "▓ 63%"
constexpr std::size_t kGap = kLinkWidth + 2;       ///< Between two chips of a row.
constexpr std::array kBlocks{"░", "▒", "▓", "█"};  ///< Up to a quarter, a half, ...

/// A cell for each chip, links between cells and under them. Wraps leave by both ends of a line.
class HeatMap {
 public:
  HeatMap(const mesh::Topology& topology, const mesh::MeshDescription& mesh, const LinkLoad& load)
      : topology_(topology),
        mesh_(mesh),
        span_(load.span),
        width_(std::to_string(mesh.first_chip + mesh.shape.size() - 1).size()) {
    for (const mesh::LinkUse& link : load.links) {
      sim::Time& busy = busy_[std::minmax(link.from, link.to)];
      busy = std::max(busy, link.busy);
    }
  }

  std::string text() const {
    const auto [rows, cols] = mesh_.shape;
    std::string text;
    if (mesh_.wraps(0)) text += links_below(rows - 1);
    for (int row = 0; row < rows; ++row) {
      text += chips(row);
      if (row + 1 < rows || mesh_.wraps(0)) text += links_below(row);
    }
    return text;
  }

 private:
  static std::string trimmed(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
  }

  /// "▓ 63%" for the link between two chips; blank if there is none.
  std::string link(mesh::ChipId a, mesh::ChipId b) const {
    if (topology_.channels_between(a, b) == 0) return std::string(kLinkWidth, ' ');
    const auto found = busy_.find(std::minmax(a, b));
    const double used = found == busy_.end() ? 0 : percent(found->second, span_);
    if (used <= 0) return "·  0%";
    const auto block = std::min<std::size_t>(static_cast<std::size_t>(used / 25), 3);
    return fmt::format("{}{:>3.0f}%", kBlocks[block], std::min(used, 100.0));
  }

  std::string chips(int row) const {
    const int cols = mesh_.shape.cols;
    const auto chip = [&](int col) { return mesh_.chip({row, col % cols}); };
    const std::string wrap = mesh_.wraps(1) ? " " + link(chip(cols - 1), chip(0)) + " " : "";
    std::string text = "  " + wrap;
    for (int col = 0; col < cols; ++col) {
      if (col > 0) text += " " + link(chip(col - 1), chip(col)) + " ";
      text += fmt::format("{:>{}}", chip(col), width_);
    }
    return trimmed(text + wrap);
  }

  /// The links between a row and the next one, or around from the last row to the first.
  std::string links_below(int row) const {
    const auto [rows, cols] = mesh_.shape;
    // The block stands under the last digit of the chip's number.
    std::string text(2 + (mesh_.wraps(1) ? kGap : 0) + width_ - 1, ' ');
    for (int col = 0; col < cols; ++col) {
      text += link(mesh_.chip({row, col}), mesh_.chip({(row + 1) % rows, col}));
      text += std::string(kGap + width_ - kLinkWidth, ' ');
    }
    return trimmed(text);
  }

  const mesh::Topology& topology_;
  const mesh::MeshDescription& mesh_;
  sim::Time span_;
  std::size_t width_;
  std::map<std::pair<mesh::ChipId, mesh::ChipId>, sim::Time> busy_;
};

}  // namespace

std::string heat_map(const mesh::Topology& topology, const mesh::MeshDescription& mesh,
                     const LinkLoad& load) {
  const auto [rows, cols] = mesh.shape;
  if (!mesh.is_grid || rows > kMaxRows || cols > kMaxCols || rows * cols < 2) return "";
  return "  links of the mesh: busy time of the busiest channel and direction\n" +
         HeatMap(topology, mesh, load).text();
}

}  // namespace ttmesh::cli
