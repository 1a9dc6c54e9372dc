#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "calibration/search.hpp"
#include "sim/chip_model.hpp"
#include "sim/collective_model.hpp"

namespace ttmesh::calibration {

/// A field of a model that a search may move, as a number in its own unit.
template <typename Model>
struct Parameter {
  std::string_view name;
  std::string_view unit;
  double step;   ///< First step of a search.
  double least;  ///< Bounds of what is plausible.
  double most;
  double (*get)(const Model& model);
  void (*set)(Model& model, double value);  ///< Rounds to what a preset writes.
};

/// What is fitted on collectives, and on matmuls. Everything else has a source of its own.
[[nodiscard]] std::span<const Parameter<sim::CollectiveModel>> collective_parameters();
[[nodiscard]] std::span<const Parameter<sim::MatmulModel>> matmul_parameters();

/// `model` with the parameters that lower `cost`, found by pattern search from where they are.
template <typename Model>
Model fitted(const Model& model, std::span<const Parameter<Model>> parameters,
             const std::function<double(const Model&)>& cost) {
  const auto at = [&](const std::vector<double>& point) {
    Model moved = model;
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].set(moved, point[i]);
    return moved;
  };
  std::vector<Coordinate> start;
  for (const Parameter<Model>& each : parameters) {
    start.push_back({each.get(model), each.step, each.least, each.most});
  }
  return at(pattern_search(start, [&](const auto& point) { return cost(at(point)); }));
}

}  // namespace ttmesh::calibration
