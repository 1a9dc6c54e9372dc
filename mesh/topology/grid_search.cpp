#include "mesh/topology/grid_search.hpp"

#include <algorithm>
#include <cstdint>
#include <map>

namespace ttmesh::mesh {
namespace {

/// Steps of all searches of one graph together: some for small graphs, and more for each chip.
constexpr std::int64_t kSteps = 100'000;
constexpr std::int64_t kStepsPerChip = 600;

/// One way to wire a grid.
struct Wiring {
  MeshShape shape;
  std::array<DimType, 2> dim_types;

  bool wraps(int axis) const {
    return dim_types[static_cast<std::size_t>(axis)] == DimType::Ring && shape.extent(axis) >= 3;
  }
  std::size_t pairs() const {
    const auto [rows, cols] = shape;
    return static_cast<std::size_t>(cols) * static_cast<std::size_t>(rows - (wraps(0) ? 0 : 1)) +
           static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols - (wraps(1) ? 0 : 1));
  }
  std::vector<int> neighbours(int cell) const {
    std::vector<int> cells;
    const Coordinate at{cell / shape.cols, cell % shape.cols};
    for (int axis = 0; axis < 2; ++axis) {
      const int extent = shape.extent(axis);
      for (const int step : {-1, 1}) {
        int along = at.along(axis) + step;
        if (along < 0 || along >= extent) {
          if (!wraps(axis)) continue;
          along = (along + extent) % extent;
        }
        cells.push_back(axis == 0 ? along * shape.cols + at.col : at.row * shape.cols + along);
      }
    }
    return cells;
  }
};

/// Links that a chip may have beside those of the grid.
enum class Chords : std::uint8_t { None, One };

/// Places chips on cells one after another, in growing squares from the first corner, so that all
/// but two cells of a square's edge have two neighbours placed already. A placement is kept if the
/// chip's placed neighbours are exactly those that the cell should have, but for chords.
class Search {
 public:
  Search(const LinkGraph& graph, const Wiring& wiring, Chords chords, std::int64_t& steps)
      : graph_(graph),
        chords_(chords == Chords::One ? 1 : 0),
        steps_(steps),
        chip_of_(graph.size(), -1),
        cell_of_(graph.size(), -1) {
    const auto [rows, cols] = wiring.shape;
    for (int shell = 0; shell < std::max(rows, cols); ++shell) {
      for (int row = 0; shell < cols && row <= std::min(shell, rows - 1); ++row) {
        order_.push_back(row * cols + shell);
      }
      for (int col = 0; shell < rows && col < std::min(shell, cols); ++col) {
        order_.push_back(shell * cols + col);
      }
    }
    for (int cell = 0; cell < rows * cols; ++cell) around_.push_back(wiring.neighbours(cell));
  }

  /// Chips by cell, or nothing if the graph has another form.
  std::optional<std::vector<int>> run() {
    std::vector<std::size_t> next(order_.size(), 0);
    std::size_t depth = 0;
    while (true) {
      if (--steps_ < 0) return std::nullopt;
      const int cell = order_[depth];
      const std::optional<int> chip = next_candidate(cell, next[depth]);
      if (!chip) {
        next[depth] = 0;
        if (depth == 0) return std::nullopt;
        --depth;
        remove(order_[depth]);
        continue;
      }
      if (!fits(*chip, cell)) continue;
      chip_of_[static_cast<std::size_t>(cell)] = *chip;
      cell_of_[static_cast<std::size_t>(*chip)] = cell;
      if (++depth == order_.size()) return chip_of_;
    }
  }

 private:
  /// The chips that may go on `cell`: those joined to a placed neighbour. For the first cell, a
  /// corner, it is the first chip with as many neighbours: in a grid such chips are all alike, so
  /// that if one cannot be the corner, none can. Chords set them apart.
  std::optional<int> next_candidate(int cell, std::size_t& next) const {
    const auto& around = around_[static_cast<std::size_t>(cell)];
    for (const int other : around) {
      const int placed = chip_of_[static_cast<std::size_t>(other)];
      if (placed < 0) continue;
      const auto& candidates = graph_.neighbours[static_cast<std::size_t>(placed)];
      if (next == candidates.size()) return std::nullopt;
      return candidates[next++];
    }
    if (next > 0 && chords_ == 0) return std::nullopt;
    while (next < graph_.size()) {
      const int chip = static_cast<int>(next++);
      const int over = left_over(chip, cell);
      if (over >= 0 && over <= chords_) return chip;
    }
    return std::nullopt;
  }

  /// Links of the chip beyond those that the cell should have.
  int left_over(int chip, int cell) const {
    return static_cast<int>(graph_.neighbours[static_cast<std::size_t>(chip)].size()) -
           static_cast<int>(around_[static_cast<std::size_t>(cell)].size());
  }

  bool fits(int chip, int cell) const {
    const auto& joined = graph_.neighbours[static_cast<std::size_t>(chip)];
    const int over = left_over(chip, cell);
    if (cell_of_[static_cast<std::size_t>(chip)] >= 0 || over < 0 || over > chords_) return false;
    int wanted = 0;
    for (const int other : around_[static_cast<std::size_t>(cell)]) {
      const int neighbour = chip_of_[static_cast<std::size_t>(other)];
      if (neighbour < 0) continue;
      ++wanted;
      if (!std::binary_search(joined.begin(), joined.end(), neighbour)) return false;
    }
    const auto placed = std::count_if(joined.begin(), joined.end(), [this](int other) {
      return cell_of_[static_cast<std::size_t>(other)] >= 0;
    });
    return placed - wanted <= over;
  }

  void remove(int cell) {
    int& chip = chip_of_[static_cast<std::size_t>(cell)];
    cell_of_[static_cast<std::size_t>(chip)] = -1;
    chip = -1;
  }

  const LinkGraph& graph_;
  int chords_;
  std::int64_t& steps_;
  std::vector<int> chip_of_;  ///< By cell; -1 if none yet.
  std::vector<int> cell_of_;  ///< By chip; -1 if none yet.
  std::vector<int> order_;
  std::vector<std::vector<int>> around_;
};

/// Number of chips by number of neighbours.
std::map<std::size_t, int> degrees(const LinkGraph& graph) {
  std::map<std::size_t, int> histogram;
  for (const auto& neighbours : graph.neighbours) ++histogram[neighbours.size()];
  return histogram;
}

std::map<std::size_t, int> degrees(const Wiring& wiring) {
  std::map<std::size_t, int> histogram;
  for (int cell = 0; cell < wiring.shape.size(); ++cell) {
    ++histogram[wiring.neighbours(cell).size()];
  }
  return histogram;
}

enum class OtherShapes : std::uint8_t { No, Too };

std::vector<MeshShape> shapes_of(int chips, const std::vector<MeshShape>& preferred,
                                 OtherShapes others_too) {
  std::vector<MeshShape> shapes;
  for (const MeshShape shape : preferred) {
    if (shape.size() == chips) shapes.push_back(shape);
  }
  if (others_too == OtherShapes::No) return shapes;
  std::vector<MeshShape> others;
  for (int cols = 1; cols * cols <= chips; ++cols) {
    if (chips % cols != 0) continue;
    // A line lies along a row.
    others.push_back(cols == 1 ? MeshShape{1, chips} : MeshShape{chips / cols, cols});
  }
  shapes.insert(shapes.end(), others.rbegin(), others.rend());
  return shapes;
}

/// The ways to wire each shape, lines first.
std::vector<Wiring> wirings_of(const std::vector<MeshShape>& shapes) {
  std::vector<Wiring> wirings;
  for (const MeshShape shape : shapes) {
    for (const DimType rows : {DimType::Line, DimType::Ring}) {
      for (const DimType cols : {DimType::Line, DimType::Ring}) {
        const bool pointless =
            (rows == DimType::Ring && shape.rows < 3) || (cols == DimType::Ring && shape.cols < 3);
        if (!pointless) wirings.push_back({shape, {rows, cols}});
      }
    }
  }
  return wirings;
}

}  // namespace

std::size_t LinkGraph::pairs() const {
  std::size_t ends = 0;
  for (const auto& each : neighbours) ends += each.size();
  return ends / 2;
}

std::optional<Grid> find_grid(const LinkGraph& graph, const std::vector<MeshShape>& preferred) {
  const int chips = static_cast<int>(graph.size());
  const std::int64_t steps = kSteps + kStepsPerChip * chips;
  const std::size_t pairs = graph.pairs();
  const std::map<std::size_t, int> histogram = degrees(graph);
  std::int64_t left = steps;
  for (const Wiring& wiring : wirings_of(shapes_of(chips, preferred, OtherShapes::Too))) {
    if (wiring.pairs() != pairs || degrees(wiring) != histogram) continue;
    auto found = Search(graph, wiring, Chords::None, left).run();
    if (found) return Grid{wiring.shape, wiring.dim_types, std::move(*found)};
  }
  std::vector<Wiring> wirings = wirings_of(shapes_of(chips, preferred, OtherShapes::No));
  std::stable_sort(wirings.begin(), wirings.end(),
                   [](const Wiring& x, const Wiring& y) { return x.pairs() > y.pairs(); });
  left = steps;
  for (const Wiring& wiring : wirings) {
    const bool too_many = pairs > wiring.pairs() + graph.size() / 2;
    if (pairs <= wiring.pairs() || too_many) continue;
    auto found = Search(graph, wiring, Chords::One, left).run();
    if (found) return Grid{wiring.shape, wiring.dim_types, std::move(*found)};
  }
  return std::nullopt;
}

}  // namespace ttmesh::mesh
