#include "cli/sweep_rows.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace ttmesh::cli {
namespace {

constexpr std::array kRunColumns{
    SweepColumn{"module", "", ""},         SweepColumn{"topology", "", ""},
    SweepColumn{"mesh_shape", "", ""},     SweepColumn{"chips", "chips", ""},
    SweepColumn{"hosts", "", ""},          SweepColumn{"mode", "", ""},
    SweepColumn{"dtype", "", ""},          SweepColumn{"pcc", "pcc", ""},
    SweepColumn{"max_abs_error", "", ""},  SweepColumn{"mean_abs_error", "", ""},
    SweepColumn{"passed", "passed", ""},   SweepColumn{"virtual_ns", "virtual ns", "virtual time"},
    SweepColumn{"wall_ms", "wall ms", ""},
};
constexpr std::array kOpColumns{
    SweepColumn{"op", "", ""},
    SweepColumn{"virtual_ns", "virtual ns", "virtual time"},
    SweepColumn{"tflops", "TFLOP/s", "rate (TFLOP/s)"},
    SweepColumn{"bound", "bound", ""},
};
constexpr std::array kCclColumns{
    SweepColumn{"size", "size", ""},
    SweepColumn{"count", "", ""},
    SweepColumn{"type", "", ""},
    SweepColumn{"redop", "", ""},
    SweepColumn{"root", "", ""},
    SweepColumn{"time_us", "time us", "simulated time"},
    SweepColumn{"alg_bw", "algbw GB/s", ""},
    SweepColumn{"bus_bw", "busbw GB/s", "bus bandwidth (GB/s)"},
    SweepColumn{"nwrong", "#wrong", ""},
    SweepColumn{"wall_us", "wall us", ""},
    SweepColumn{"algorithm", "algorithm", ""},
    SweepColumn{"reason", "", ""},
};

/// A JSON value as a cell: text without quotes, shapes as "4x8", nothing for null.
std::string cell(const nlohmann::json& value) {
  if (value.is_null()) return "";
  if (value.is_array()) {
    std::string text;
    for (const nlohmann::json& each : value) text += (text.empty() ? "" : "x") + cell(each);
    return text;
  }
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  const std::size_t first = text.find_first_not_of(' ');  // nccl-tests pads its root.
  return first == std::string::npos ? "" : text.substr(first);
}

/// Where a column of `ccl` is in one of its results.
const nlohmann::json& ccl_value(const nlohmann::json& result, std::string_view column) {
  const nlohmann::json& half = result.at("out_of_place");
  if (column == "time_us") return half.at("time");
  if (column == "alg_bw" || column == "bus_bw" || column == "nwrong") {
    return half.at(std::string(column));
  }
  return result.at(std::string(column));
}

}  // namespace

std::span<const SweepColumn> sweep_columns(std::string_view command) {
  if (command == "run") return kRunColumns;
  if (command == "op") return kOpColumns;
  if (command == "ccl") return kCclColumns;
  throw std::invalid_argument(
      fmt::format("[sweep] cannot sweep '{}', needs run, ccl or op after --", command));
}

std::vector<SweepRow> sweep_rows(std::string_view command, const SweepPoint& point,
                                 const nlohmann::json& json) {
  const std::span<const SweepColumn> columns = sweep_columns(command);
  std::vector<SweepRow> rows;
  if (json.is_null()) {
    rows.push_back({.point = point, .values = std::vector<std::string>(columns.size())});
  } else if (command == "ccl") {
    for (const nlohmann::json& result : json.at("results")) {
      SweepRow& row = rows.emplace_back(SweepRow{.point = point, .values = {}});
      for (const auto& column : columns) row.values.push_back(cell(ccl_value(result, column.name)));
    }
  } else {
    SweepRow& row = rows.emplace_back(SweepRow{.point = point, .values = {}});
    for (const auto& column : columns) {
      row.values.push_back(cell(json.at(std::string(column.name))));
    }
  }
  return rows;
}

}  // namespace ttmesh::cli
