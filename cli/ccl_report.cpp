#include "cli/ccl_report.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

#include "cli/ccl_dtype.hpp"
#include "mesh/tensor/dtype.hpp"

namespace ttmesh::cli {
namespace {

constexpr int kJsonVersion = 2;  ///< Of nccl-tests' format.

/// A number in `width` characters with as many decimals as fit, as nccl-tests prints it.
std::string number(double value, int width) {
  int digits = 0;
  for (double power = 1; value >= power; power *= 10) ++digits;
  if (digits > width) return fmt::format("{:{}.{}e}", value, width, width >= 7 ? 1 : 0);
  const int decimals = digits < width - 2 ? 2 : digits < width - 1 ? 1 : 0;
  return fmt::format("{:{}.{}f}", value, width, decimals);
}

/// -1 where there is none, as in nccl-tests.
int root_of(const CclRequest& request) {
  return request.collective->extra == CclExtra::Root ? request.call.root : -1;
}

std::string type_name(const CclHeading& heading) {
  return std::string(mesh::name(heading.request.dtype));
}

double average_bus_gb_per_s(const std::vector<CclResult>& results) {
  double sum = 0;
  for (const CclResult& result : results) sum += result.bus_gb_per_s();
  return results.empty() ? 0 : sum / static_cast<double>(results.size());
}

}  // namespace

std::vector<std::int64_t> CclSizes::list() const {
  std::vector<std::int64_t> sizes;
  for (std::int64_t size = first; size <= last; size = factor > 1 ? size * factor : size + step) {
    sizes.push_back(size);
  }
  return sizes;
}

std::string table_head(const CclHeading& heading) {
  const CclSizes& sizes = heading.sizes;
  const CclRequest& request = heading.request;
  const bool checked = request.check && !heading.timing_only;
  std::string text = fmt::format(
      "# ttmesh " TTMESH_VERSION
      " ccl {} on {}: {}\n"
      "# minBytes {} maxBytes {} step: {}({}) warmup iters: {} iters: {} validation: {}\n"
      "# time is simulated, wall is the clock of this machine; no collective works in place\n#\n",
      request.collective->name, heading.topology, heading.wiring, sizes.first, sizes.last,
      sizes.factor > 1 ? sizes.factor : sizes.step, sizes.factor > 1 ? "factor" : "bytes",
      request.warm_ups, request.iterations, checked ? 1 : 0);
  const CclUnit unit = unit_of(request.dtype);
  if (unit.elements > 1 && request.collective->inputs != nullptr) {
    text.insert(
        text.size() - 2,
        fmt::format("# {} exists in tiles of {} elements, {} bytes: sizes are of whole tiles\n",
                    type_name(heading), unit.elements, unit.bytes));
  }
  text += fmt::format("# {:>10}  {:>12}  {:>8}  {:>6}  {:>6}  {:^29}  {:^29}\n", "", "", "", "", "",
                      "out-of-place", "in-place");
  const auto row = [&](std::array<const char*, 5> left, std::array<const char*, 4> half,
                       const char* wall) {
    text += fmt::format("# {:>10}  {:>12}  {:>8}  {:>6}  {:>6}", left[0], left[1], left[2], left[3],
                        left[4]);
    for (int i = 0; i < 2; ++i) {
      text += fmt::format("  {:>7}  {:>6}  {:>6}  {:>6}", half[0], half[1], half[2], half[3]);
    }
    text += fmt::format("  {:>9}\n", wall);
  };
  row({"size", "count", "type", "redop", "root"}, {"time", "algbw", "busbw", "#wrong"}, "wall");
  row({"(B)", "(elements)", "", "", ""}, {"(us)", "(GB/s)", "(GB/s)", ""}, "(us)");
  return text;
}

std::string table_row(const CclHeading& heading, const CclResult& result) {
  const std::string wrong =
      result.wrong ? fmt::format("{:6g}", static_cast<double>(*result.wrong)) : "   N/A";
  return fmt::format(
      "{:>12}  {:>12}  {:>8}  {:>6}  {:>6}  {}  {}  {}  {}  {:>7}  {:>6}  {:>6}  {:>6}  {:>9}\n",
      result.bytes, result.count, type_name(heading), heading.request.collective->redop,
      root_of(heading.request), number(result.time_us(), 7), number(result.algorithm_gb_per_s(), 6),
      number(result.bus_gb_per_s(), 6), wrong, "N/A", "N/A", "N/A", "N/A",
      number(result.wall_us(), 9));
}

std::string table_foot(const CclHeading& heading, const std::vector<CclResult>& results) {
  const std::int64_t wrong = wrong_in_all(results);
  return fmt::format("# {:<20} : {} {}\n# {:<20} : {:g}\n#\n# Collective test concluded: {}\n",
                     "Out of bounds values", wrong, wrong == 0 ? "OK" : "FAILED",
                     "Avg bus bandwidth", average_bus_gb_per_s(results),
                     heading.request.collective->name);
}

std::string algorithm_line(const CclResult& result) {
  if (!result.choice) return "";
  return fmt::format("# algorithm: {}, {}\n", result.choice->algorithm, result.choice->reason);
}

std::int64_t wrong_in_all(const std::vector<CclResult>& results) {
  std::int64_t wrong = 0;
  for (const CclResult& result : results) wrong += result.wrong.value_or(0);
  return wrong;
}

std::string local_time() {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(std::time(nullptr)));
}

nlohmann::ordered_json to_json(const CclHeading& heading, const std::vector<CclResult>& results,
                               const std::string& start_time) {
  using Json = nlohmann::ordered_json;
  const CclRequest& request = heading.request;
  Json json{{"version", kJsonVersion}, {"start_time", start_time}, {"args", heading.arguments}};
  Json& config = json["config"];
  config = {{"topology", heading.topology},           {"system", heading.system},
            {"collective", request.collective->name}, {"wiring", heading.wiring},
            {"chips", request.call.groups.size()},    {"groups", request.call.groups.count()},
            {"minimum_bytes", heading.sizes.first},   {"maximum_bytes", heading.sizes.last}};
  if (heading.sizes.factor > 1) {
    config["step_factor"] = heading.sizes.factor;
  } else {
    config["step_bytes"] = heading.sizes.step;
  }
  const CclUnit unit = unit_of(request.dtype);
  config["unit_elements"] = unit.elements;
  config["unit_bytes"] = unit.bytes;
  config["warmup_iters"] = request.warm_ups;
  config["iterations"] = request.iterations;
  config["validation"] = request.check && !heading.timing_only ? 1 : 0;
  config["timing_only"] = heading.timing_only;

  json["results"] = Json::array();
  for (const CclResult& result : results) {
    const std::optional<ccl::Choice>& choice = result.choice;
    json["results"].push_back(
        {{"size", result.bytes},
         {"count", result.count},
         {"type", type_name(heading)},
         {"redop", request.collective->redop},
         {"root", fmt::format("{:>6}", root_of(request))},
         {"out_of_place",
          {{"time", result.time_us()},
           {"alg_bw", result.algorithm_gb_per_s()},
           {"bus_bw", result.bus_gb_per_s()},
           {"nwrong", result.wrong ? Json(*result.wrong) : Json(nullptr)}}},
         {"in_place",
          {{"time", nullptr}, {"alg_bw", nullptr}, {"bus_bw", nullptr}, {"nwrong", nullptr}}},
         {"wall_us", result.wall_us()},
         {"algorithm", choice ? Json(choice->algorithm) : Json(nullptr)},
         {"reason", choice ? Json(choice->reason) : Json(nullptr)},
         {"actual_iterations", result.iterations}});
  }
  const std::int64_t wrong = wrong_in_all(results);
  json["out_of_bounds"] = {{"count", wrong}, {"okay", wrong == 0 ? "true" : "false"}};
  json["average_bus_bandwidth"] = {{"bandwidth", average_bus_gb_per_s(results)},
                                   {"okay", "unchecked"}};
  json["end_time"] = local_time();
  return json;
}

}  // namespace ttmesh::cli
