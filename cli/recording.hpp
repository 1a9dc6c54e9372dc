#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "cli/recorded_command.hpp"
#include "mesh/program/command.hpp"

namespace ttmesh::cli {

/// Commands of a program that were measured together, by position: [begin, end).
struct MeasuredCommands {
  std::size_t begin;
  std::size_t end;
};

/// What was asked for, for people.
struct RecordingHeading {
  std::string command;   ///< "run", "ccl" ..
  std::string topology;  ///< As typed.
};

/// A program as text, a JSON object a line: a heading, then the measured commands, between marks,
/// and before them the earlier ones that make their inputs.
[[nodiscard]] std::string recording_text(const RecordingHeading& heading,
                                         const std::vector<mesh::CommandPtr>& program,
                                         const std::vector<MeasuredCommands>& measured);

/// The place in `program` of `part`, which is some of it.
[[nodiscard]] MeasuredCommands place_of(const std::vector<mesh::CommandPtr>& part,
                                        const std::vector<mesh::CommandPtr>& program);

/// Where a measured part begins, and where it ends.
enum class Mark { Begin, End };

/// One line of a recording.
struct RecordedLine {
  int line;
  std::variant<RecordedCommand, Mark> what;
};

/// Reads what `recording_text` wrote. Throws mesh::InvalidFile with every line that cannot be read,
/// else with the first that does not fit those before it: a number, a mark, an id that no earlier
/// line makes or that one makes twice.
[[nodiscard]] std::vector<RecordedLine> read_recording(const std::string& path);

}  // namespace ttmesh::cli
