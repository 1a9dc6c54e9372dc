#include "cli/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "cli/hosting.hpp"
#include "cli/op_table.hpp"
#include "cli/output.hpp"
#include "cli/recording.hpp"
#include "cli/replayer.hpp"
#include "mesh/program/builtin_ops.hpp"
#include "mesh/topology/error.hpp"
#include "modules/open.hpp"

namespace ttmesh::cli {
namespace {

using Clock = std::chrono::steady_clock;

/// What came of a replay; of all measured parts, one after another.
struct Replayed {
  std::size_t commands = 0;  ///< That were measured.
  std::vector<sim::Time> parts;
  sim::Time time;
  std::vector<mesh::OpTotal> ops;
  double wall_ms = 0;
};

void add(Replayed& sum, const mesh::Report& part) {
  sum.parts.push_back(part.end - part.begin);
  sum.time += sum.parts.back();
  for (const mesh::OpTotal& op : part.ops) {
    const auto known = std::find_if(sum.ops.begin(), sum.ops.end(),
                                    [&](const mesh::OpTotal& each) { return each.op == op.op; });
    if (known == sum.ops.end()) {
      sum.ops.push_back(op);
    } else {
      known->calls += op.calls;
      known->time += op.time;
    }
  }
}

/// Every op that a session knows.
std::shared_ptr<const mesh::OpTable> all_ops() {
  auto ops = std::make_shared<mesh::OpTable>(*modules::op_table());
  mesh::add_builtin_ops(*ops);
  return ops;
}

/// Calls `step`; a mistake of the line becomes one of the file.
template <typename Step>
void at_line(const std::string& path, int line, Step step) {
  try {
    step();
  } catch (const BadField& error) {
    throw mesh::InvalidFile({{path, line, error.field, error.what()}});
  }
}

Replayed replay_on(mesh::MeshDevice device, const std::string& path,
                   const std::vector<RecordedLine>& lines) {
  Replayed replayed;
  Replayer replayer(device, all_ops());
  bool measures = false;
  Clock::time_point begin;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const RecordedLine& line = lines[i];
    if (const auto* command = std::get_if<RecordedCommand>(&line.what)) {
      at_line(path, line.line, [&] { replayer.issue(*command); });
      replayed.commands += measures ? 1 : 0;
      continue;
    }
    measures = std::get<Mark>(line.what) == Mark::Begin;
    if (measures) {
      if (const auto* first = std::get_if<RecordedCommand>(&lines[i + 1].what)) {
        at_line(path, lines[i + 1].line, [&] { replayer.skip_to(first->number); });
      }
      device.start_recording();
      begin = Clock::now();
    } else {
      device.synchronize();
      replayed.wall_ms += std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
      add(replayed, device.report());
    }
  }
  return replayed;
}

/// The mesh of the first command.
int mesh_of(const std::string& path, const std::vector<RecordedLine>& lines,
            const mesh::Topology& topology) {
  for (const RecordedLine& line : lines) {
    const auto* command = std::get_if<RecordedCommand>(&line.what);
    if (command == nullptr) continue;
    const int id = command->view.mesh;
    const bool exists = std::any_of(topology.meshes.begin(), topology.meshes.end(),
                                    [&](const auto& mesh) { return mesh.id == id; });
    if (exists) return id;
    throw mesh::InvalidFile({{path, line.line, "view.mesh",
                              fmt::format("is {}: {} has no such mesh", id, topology.name)}});
  }
  throw mesh::InvalidFile({{path, 1, "commands", "is 0, there is nothing to replay"}});
}

nlohmann::ordered_json to_json(const Replayed& replayed, const ReplayArguments& arguments) {
  nlohmann::ordered_json parts = nlohmann::ordered_json::array();
  for (const sim::Time part : replayed.parts) parts.push_back(part.ns());
  return {{"recording", arguments.recording},
          {"topology", arguments.machine.topology},
          {"commands", replayed.commands},
          {"virtual_ns", replayed.time.ns()},
          {"parts", parts},
          {"wall_ms", replayed.wall_ms},
          {"ops", op_list(replayed.ops)}};
}

std::string to_text(const Replayed& replayed, const ReplayArguments& arguments) {
  return fmt::format(
             "replay of {} on {}: {} commands\n  virtual time      {} us\n"
             "  wall time         {:.1f} ms\n",
             arguments.recording, arguments.machine.topology, replayed.commands,
             sim::microseconds_text(replayed.time), replayed.wall_ms) +
         op_table(replayed.ops, replayed.time);
}

}  // namespace

int replay(const ReplayArguments& arguments) {
  const MachineArguments& machine = arguments.machine;
  require_writable("--json", machine.json);
  for (const auto& [option, file] :
       {std::pair("--trace", &machine.trace), std::pair("--ops-csv", &machine.ops_csv)}) {
    if (file->empty()) continue;
    throw std::invalid_argument(
        fmt::format("[{}] a replay writes none; the command that was recorded does", option));
  }
  mesh::OpenOptions options = open_options_of(machine);
  options.timing_only = true;
  mesh::Topology topology = topology_of(machine);
  if (serves(topology, options)) return 0;
  const std::vector<RecordedLine> lines = read_recording(arguments.recording);
  options.mesh_id = mesh_of(arguments.recording, lines, topology);
  mesh::MeshDevice device = modules::open(std::move(topology), std::move(options));
  const Replayed replayed = replay_on(device, arguments.recording, lines);
  device.close();
  if (!machine.json.empty()) write_json(machine.json, to_json(replayed, arguments));
  if (machine.json != "-") fmt::print("{}", to_text(replayed, arguments));
  return 0;
}

void add_replay(CLI::App& app, int& exit_code) {
  const auto arguments = std::make_shared<ReplayArguments>();
  CLI::App* command = app.add_subcommand(
      "replay", "Issue the commands that --record has written; only virtual time, no values");
  command->footer(
      "The file has a command a line, as JSON, and may be edited.\n\n"
      "Example:\n"
      "  ttmesh run mlp --model llama-3.1-8b -t t3k:1x8:ring --record mlp.jsonl\n"
      "  ttmesh replay mlp.jsonl -t t3k:1x8:ring --set link.latency=+1us");
  command->add_option("recording", arguments->recording, "File that --record has written")
      ->required()
      ->type_name("FILE");
  add_machine_options(*command, arguments->machine);
  command->callback([arguments, &exit_code] { exit_code = replay(*arguments); });
}

}  // namespace ttmesh::cli
