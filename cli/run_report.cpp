#include "cli/run_report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/heat_map.hpp"
#include "cli/link_table.hpp"
#include "cli/op_table.hpp"
#include "modules/mode.hpp"
#include "sim/time.hpp"

namespace ttmesh::cli {
namespace {

using mesh::LinkUse;

/// Links that the text lists; JSON has all.
constexpr std::size_t kListedLinks = 8;

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

double microseconds(sim::Time time) { return static_cast<double>(time.ps()) * 1e-6; }

std::string heading(const RunSummary& summary) {
  const modules::TrialRequest& request = summary.request;
  const int chips = summary.mesh_shape.size();
  std::string text =
      fmt::format("{} {} on {}, a {} mesh of {}\n", summary.result.module, summary.result.sizes,
                  summary.topology, to_string(summary.mesh_shape),
                  chips == 1 ? "1 chip" : fmt::format("{} chips", chips));
  text += request.mode == modules::Mode::Decode
              ? fmt::format("  decode, batch {}", request.users())
              : fmt::format("  prefill, batch {}, {} tokens each", request.users(), request.seq);
  return text + fmt::format(", {} weights, seed {}\n\n", summary.result.dtype, request.seed);
}

std::string accuracy(const modules::TrialResult& result) {
  if (!result.accuracy) return "  accuracy          none: timing only\n";
  return fmt::format(
      "  PCC               {:.6f}  (needs {:g}: {})\n"
      "  max abs error     {:.3e}  (reference RMS {:.3e})\n"
      "  mean abs error    {:.3e}\n",
      result.accuracy->pcc, result.required_pcc, result.passed ? "passed" : "FAILED",
      result.accuracy->max_abs_error, result.accuracy->reference_rms,
      result.accuracy->mean_abs_error);
}

/// The busiest links, or all of them with a map.
std::string links_text(const RunSummary& summary) {
  const LinkLoad load{summary.result.report.links, summary.result.virtual_time};
  if (!summary.links_of) return link_table(load, kListedLinks);
  const mesh::MeshDevice& device = *summary.links_of;
  const mesh::Topology& topology = device.topology();
  const std::string map = heat_map(topology, select_mesh(topology, device.view().mesh), load);
  return link_table(load, load.links.size()) + (map.empty() ? "" : "\n" + map);
}

}  // namespace

nlohmann::ordered_json to_json(const RunSummary& summary) {
  const modules::TrialResult& result = summary.result;
  nlohmann::ordered_json json{{"module", result.module},
                              {"topology", summary.topology},
                              {"mesh_shape", {summary.mesh_shape.rows, summary.mesh_shape.cols}},
                              {"chips", summary.mesh_shape.size()},
                              {"hosts", summary.hosts},
                              {"mode", modules::name(summary.request.mode)},
                              {"dtype", result.dtype},
                              {"pcc", nullptr},
                              {"max_abs_error", nullptr},
                              {"mean_abs_error", nullptr},
                              {"passed", result.passed},
                              {"virtual_ns", result.virtual_time.ns()},
                              {"wall_ms", milliseconds(result.wall_time)}};
  if (result.accuracy) {
    json["pcc"] = result.accuracy->pcc;
    json["max_abs_error"] = result.accuracy->max_abs_error;
    json["mean_abs_error"] = result.accuracy->mean_abs_error;
  }
  json["links"] = nlohmann::ordered_json::array();
  for (const LinkUse& link : result.report.links) {
    json["links"].push_back({{"from", link.from},
                             {"to", link.to},
                             {"channel", link.channel},
                             {"bytes", link.bytes},
                             {"busy_ns", link.busy.ns()}});
  }
  json["ops"] = op_list(result.report.ops);
  return json;
}

std::string to_text(const RunSummary& summary) {
  const modules::TrialResult& result = summary.result;
  return heading(summary) + accuracy(result) +
         fmt::format("  virtual time      {:.3f} us\n  wall time         {:.1f} ms\n",
                     microseconds(result.virtual_time), milliseconds(result.wall_time)) +
         op_table(result.report.ops, result.virtual_time) + "\n" + links_text(summary);
}

}  // namespace ttmesh::cli
