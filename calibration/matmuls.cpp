#include "calibration/matmuls.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <stdexcept>

#include "calibration/measurements.hpp"

namespace ttmesh::calibration {
namespace {

/// The value that a field's text stands for.
template <typename Value>
Value meaning(const Row& row, const char* column, const std::map<std::string, Value>& values) {
  const auto found = values.find(text(row, column));
  if (found != values.end()) return found->second;
  throw std::runtime_error(fmt::format(
      "[read_matmuls] column {} holds '{}', which has no meaning here", column, text(row, column)));
}

sim::CoreGrid grid_of(const Row& row) {
  sim::CoreGrid grid;
  if (std::sscanf(text(row, "grid").c_str(), "(%d,%d)", &grid.x, &grid.y) == 2) return grid;
  throw std::runtime_error(
      fmt::format("[read_matmuls] column grid holds '{}', '(X,Y)' is needed", text(row, "grid")));
}

sim::MatmulWork work_of(const Row& row) {
  const auto tile_bytes = meaning<std::int64_t>(
      row, "dtype", {{"BFLOAT16", 2048}, {"BFLOAT8_B", 1088}, {"BFLOAT4_B", 576}});
  const auto operand = [&](const char* column) {
    return sim::Operand{tile_bytes, meaning<sim::BufferType>(row, column,
                                                             {{"L1", sim::BufferType::L1},
                                                              {"DRAM", sim::BufferType::Dram}})};
  };
  const auto tiles = [&](const char* column) { return whole_number(row, column) / 32; };
  return {.m_tiles = tiles("M"),
          .k_tiles = tiles("K"),
          .n_tiles = tiles("N"),
          .in0 = operand("in0_storage"),
          .in1 = operand("in1_storage"),
          .out = operand("out_storage"),
          .fidelity = meaning<sim::MathFidelity>(row, "math_fidelity",
                                                 {{"LoFi", sim::MathFidelity::LoFi},
                                                  {"HiFi2", sim::MathFidelity::HiFi2},
                                                  {"HiFi3", sim::MathFidelity::HiFi3},
                                                  {"HiFi4", sim::MathFidelity::HiFi4}}),
          .grid = grid_of(row)};
}

}  // namespace

std::vector<MatmulMeasurement> read_matmuls(const std::filesystem::path& folder) {
  std::vector<MatmulMeasurement> measurements;
  for (const Row& row : read_csv(folder / "gemm_flops.csv")) {
    if (text(row, "tuning") != "manually_tuned") continue;
    measurements.push_back(
        {.system = meaning<std::string>(row, "device", {{"N150", "n150"}, {"P150", "p150"}}),
         .work = work_of(row),
         .microseconds = number(row, "inference_time_avg_ns") / 1e3});
  }
  return measurements;
}

}  // namespace ttmesh::calibration
