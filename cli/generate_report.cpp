#include "cli/generate_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "cli/link_table.hpp"
#include "cli/op_table.hpp"
#include "sim/time.hpp"

namespace ttmesh::cli {
namespace {

using nlohmann::ordered_json;

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

double microseconds(sim::Time time) { return static_cast<double>(time.ps()) * 1e-6; }

std::string heading(const GenerateSummary& summary) {
  const int chips = summary.mesh_shape.size();
  constexpr double kBillion = 1e9;
  const auto parameters = static_cast<double>(summary.spec.parameters());
  const std::string count = parameters >= kBillion
                                ? fmt::format("{:.2f} billion", parameters / kBillion)
                                : fmt::format("{:.2f} million", parameters * 1e3 / kBillion);
  return fmt::format(
      "{} on {}, a {} mesh of {}\n  {} layers, {} parameters, {} weights, {} users\n\n",
      summary.spec->name, summary.topology, to_string(summary.mesh_shape),
      chips == 1 ? "1 chip" : fmt::format("{} chips", chips), summary.spec->layers, count,
      summary.dtype, summary.request.prompts.size());
}

std::string tokens_text(const modules::GenerateResult& result) {
  if (result.tokens.empty()) return "  tokens              none: timing only\n";
  std::string text;
  for (std::size_t user = 0; user < result.tokens.size(); ++user) {
    text += fmt::format("  user {:<4} {}\n", user, fmt::join(result.tokens[user], ","));
  }
  return text;
}

std::string part_table(const modules::GenerateResult& result) {
  std::string text = fmt::format("\n  {:<24} {:>14} {:>20} {:>8}\n", "part", "prefill us",
                                 "decode us a token", "share");
  const int steps = std::max(result.decode_steps, 1);
  for (const modules::PartTime& part : result.parts) {
    text += fmt::format("  {:<24} {:>14.3f} {:>20.3f} {:>6.1f} %\n", part.name,
                        microseconds(part.prefill), microseconds(part.decode) / steps,
                        percent(part.prefill + part.decode, result.virtual_time));
  }
  return text;
}

}  // namespace

ordered_json to_json(const GenerateSummary& summary) {
  const modules::GenerateResult& result = summary.result;
  ordered_json json{{"model", summary.spec->name},
                    {"topology", summary.topology},
                    {"mesh_shape", {summary.mesh_shape.rows, summary.mesh_shape.cols}},
                    {"chips", summary.mesh_shape.size()},
                    {"hosts", summary.hosts},
                    {"dtype", summary.dtype},
                    {"users", summary.request.prompts.size()},
                    {"tokens", nullptr},
                    {"ttft_ns", result.time_to_first_token.ns()},
                    {"tokens_per_s_user", nullptr},
                    {"virtual_ns", result.virtual_time.ns()},
                    {"wall_ms", milliseconds(result.wall_time)},
                    {"decode_steps", result.decode_steps},
                    {"decode_wall_ms", milliseconds(result.decode_wall_time)}};
  if (!result.tokens.empty()) json["tokens"] = result.tokens;
  if (result.decode_steps > 0) json["tokens_per_s_user"] = result.tokens_per_s_user();
  json["layers"] = ordered_json::array();
  for (const modules::PartTime& part : result.parts) {
    json["layers"].push_back(
        {{"name", part.name}, {"prefill_ns", part.prefill.ns()}, {"decode_ns", part.decode.ns()}});
  }
  json["ops"] = op_list(result.report.ops);
  return json;
}

std::string to_text(const GenerateSummary& summary) {
  const modules::GenerateResult& result = summary.result;
  std::string text = heading(summary) + tokens_text(result);
  text += fmt::format("\n  time to first token {:.3f} ms  (virtual)\n",
                      microseconds(result.time_to_first_token) * 1e-3);
  if (result.decode_steps > 0) {
    text += fmt::format("  tokens/s/user       {:.2f}  (virtual, {} steps of {:.3f} ms)\n",
                        result.tokens_per_s_user(), result.decode_steps,
                        microseconds(result.decode_time) * 1e-3 / result.decode_steps);
  }
  text += fmt::format("  virtual time        {:.3f} ms\n  wall time           {:.1f} ms",
                      microseconds(result.virtual_time) * 1e-3, milliseconds(result.wall_time));
  if (result.decode_steps > 0) {
    text += fmt::format("  ({:.1f} ms a decode step)",
                        milliseconds(result.decode_wall_time) / result.decode_steps);
  }
  return text + "\n" + part_table(result) + op_table(result.report.ops, result.virtual_time);
}

}  // namespace ttmesh::cli
