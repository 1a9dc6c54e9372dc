#include "cli/recording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "mesh/topology/error.hpp"

namespace ttmesh::cli {
namespace {

using Json = nlohmann::ordered_json;
using mesh::TensorId;

constexpr int kVersion = 1;
constexpr std::size_t kMostProblems = 20;
constexpr const char* kHeading = "ttmesh_commands";
constexpr const char* kMeasure = "measure";

/// Carries names of tensors to free, and nothing else.
bool only_frees(const mesh::Command& command) { return command.op == "free"; }

/// Which commands of the program go into the file: those that are measured, and those that they
/// depend on.
std::vector<bool> chosen(const std::vector<mesh::CommandPtr>& program,
                         const std::vector<MeasuredCommands>& measured) {
  std::vector<bool> is_chosen(program.size(), false);
  for (const MeasuredCommands& part : measured) {
    for (std::size_t i = part.begin; i < part.end; ++i) is_chosen[i] = !only_frees(*program[i]);
  }
  std::set<TensorId> needed;
  for (std::size_t i = program.size(); i-- > 0;) {
    const mesh::Command& command = *program[i];
    for (const TensorId output : command.outputs) {
      if (needed.contains(output)) is_chosen[i] = true;
    }
    if (is_chosen[i]) needed.insert(command.inputs.begin(), command.inputs.end());
  }
  return is_chosen;
}

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string line_of(Mark mark) {
  return line_of(Json{{kMeasure, mark == Mark::Begin ? "begin" : "end"}});
}

class Reader {
 public:
  explicit Reader(std::string path) : path_(std::move(path)) {}

  std::vector<RecordedLine> read() {
    std::error_code ignored;
    std::ifstream file(path_);
    if (!file || std::filesystem::is_directory(path_, ignored)) {
      report("", "cannot be read");
      finish();
    }
    for (std::string text; std::getline(file, text) && problems_.size() < kMostProblems;) {
      ++line_;
      try {
        read_line(Json::parse(text));
      } catch (const Json::exception&) {
        report("", "is no JSON object");
      } catch (const BadField& error) {
        report(error.field, error.what());
      }
    }
    if (line_ == 0) report("", "is empty, a recording is needed: --record FILE writes one");
    finish();
    check_order();
    finish();
    return std::move(lines_);
  }

 private:
  void report(const std::string& field, const std::string& what) {
    problems_.push_back({path_, line_, field, what});
  }

  void finish() {
    if (!problems_.empty()) throw mesh::InvalidFile(std::move(problems_));
  }

  void read_line(const Json& json) {
    if (!json.is_object()) throw BadField("", "is no JSON object");
    if (line_ == 1) {
      const auto version = json.find(kHeading);
      if (version == json.end() || *version != kVersion) {
        throw BadField(kHeading, fmt::format("is not {}: no recording of this version", kVersion));
      }
      const auto commands = json.find("commands");
      if (commands == json.end() || !commands->is_number_unsigned()) {
        throw BadField("commands", "is no number of commands");
      }
      commands_ = commands->get<std::size_t>();
      return;
    }
    if (const auto mark = json.find(kMeasure); mark != json.end()) {
      if (*mark != "begin" && *mark != "end") throw BadField(kMeasure, "is not begin or end");
      lines_.push_back({line_, *mark == "begin" ? Mark::Begin : Mark::End});
      return;
    }
    lines_.push_back({line_, parse_command(json)});
  }

  /// What needs all lines: the first mistake, as others follow from it.
  void check_order() {
    std::uint64_t last = 0;
    std::size_t count = 0;
    bool measures = false;
    bool is_first = true;  // Of a measured part.
    std::set<TensorId> made;
    for (const auto& [line, what] : lines_) {
      line_ = line;
      if (const auto* mark = std::get_if<Mark>(&what)) {
        if ((*mark == Mark::Begin) == measures) {
          return report(kMeasure, measures ? "begins twice" : "ends and has not begun");
        }
        measures = *mark == Mark::Begin;
        is_first = true;
        continue;
      }
      const auto& command = std::get<RecordedCommand>(what);
      if (command.number <= last) {
        return report("number",
                      fmt::format("is {} after {}, a larger one is needed", command.number, last));
      }
      if (measures && !is_first && command.number != last + 1) {
        return report("number", fmt::format("is {} after {}: what is between them is missing",
                                            command.number, last));
      }
      last = command.number;
      is_first = false;
      ++count;
      if (!check_tensors(command, made)) return;
    }
    if (measures) return report(kMeasure, "begins and does not end");
    if (count != commands_) {
      line_ = 1;
      report("commands", fmt::format("is {}, but there are {}", commands_, count));
    }
  }

  bool check_tensors(const RecordedCommand& command, std::set<TensorId>& made) {
    const auto check = [&](const char* name, const std::vector<TensorId>& tensors) {
      for (std::size_t i = 0; i < tensors.size(); ++i) {
        if (made.contains(tensors[i])) continue;
        report(fmt::format("{}[{}]", name, i),
               fmt::format("is tensor {}, which no earlier line makes", tensors[i]));
        return false;
      }
      return true;
    };
    if (!check("inputs", command.inputs) || !check("drops", command.drops)) return false;
    for (const TensorId dropped : command.drops) made.erase(dropped);
    for (std::size_t i = 0; i < command.inputs.size(); ++i) {
      if (made.contains(command.inputs[i])) continue;
      report(fmt::format("inputs[{}]", i),
             fmt::format("is tensor {}, which the same line drops", command.inputs[i]));
      return false;
    }
    for (std::size_t i = 0; i < command.outputs.size(); ++i) {
      if (made.insert(command.outputs[i].id).second) continue;
      report(fmt::format("outputs[{}].id", i),
             fmt::format("is {}, which an earlier line makes", command.outputs[i].id));
      return false;
    }
    return true;
  }

  std::string path_;
  int line_ = 0;
  std::size_t commands_ = 0;  ///< As the heading says.
  std::vector<RecordedLine> lines_;
  std::vector<mesh::Problem> problems_;
};

}  // namespace

std::string recording_text(const RecordingHeading& heading,
                           const std::vector<mesh::CommandPtr>& program,
                           const std::vector<MeasuredCommands>& measured) {
  const std::vector<bool> is_chosen = chosen(program, measured);
  std::size_t count = 0;
  for (const bool each : is_chosen) count += each ? 1 : 0;
  std::string text = line_of(Json{{kHeading, kVersion},
                                  {"command", heading.command},
                                  {"topology", heading.topology},
                                  {"commands", count}});
  std::set<TensorId> made;
  std::vector<TensorId> drops;  // Of commands that are not in the file.
  auto part = measured.begin();
  for (std::size_t i = 0; i < program.size(); ++i) {
    while (part != measured.end() && part->begin == part->end) ++part;
    if (part == measured.end()) break;
    if (i == part->begin) text += line_of(Mark::Begin);
    RecordedCommand command = recorded(*program[i]);
    for (const TensorId dropped : command.drops) {
      if (made.erase(dropped) > 0) drops.push_back(dropped);
    }
    if (is_chosen[i]) {
      command.drops = std::exchange(drops, {});
      for (const RecordedTensor& output : command.outputs) made.insert(output.id);
      text += line_of(to_json(command));
    }
    if (i + 1 == part->end) {
      text += line_of(Mark::End);
      ++part;
    }
  }
  return text;
}

MeasuredCommands place_of(const std::vector<mesh::CommandPtr>& part,
                          const std::vector<mesh::CommandPtr>& program) {
  if (part.empty()) return {0, 0};
  const auto first = std::find(program.begin(), program.end(), part.front());
  const auto begin = static_cast<std::size_t>(first - program.begin());
  return {begin, begin + part.size()};
}

std::vector<RecordedLine> read_recording(const std::string& path) { return Reader(path).read(); }

}  // namespace ttmesh::cli
