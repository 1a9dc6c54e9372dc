#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mesh/topology/topology.hpp"
#include "sim/time.hpp"
#include "sim/trace.hpp"

namespace ttmesh::mesh {

/// One command on one chip. There are many of these: what is the same for all chips is in
/// CommandName.
struct OpUse {
  std::uint64_t command;
  sim::Time start;
  sim::Time end;
};

/// What a command was.
struct CommandName {
  std::uint64_t command;
  std::string op;
  std::string issuer;  ///< Module call it came from.
};

/// One command on the chip it kept busy.
struct ChipUse {
  ChipId chip;
  OpUse use;
};

/// One direction of one channel.
struct LinkUse {
  ChipId from;
  ChipId to;
  int channel;
  std::int64_t bytes = 0;
  sim::Time busy;
};

/// What one chip did since recording began.
struct ChipReport {
  ChipId chip = -1;
  sim::Time queue_end;
  std::vector<OpUse> ops;
  std::vector<LinkUse> links;  ///< Outgoing.
  std::vector<sim::Slice> slices;
  std::vector<sim::Arrow> arrows;
  std::string waiting_for;  ///< Empty, or what the chip's front command lacks.
};

/// Totals of one op name.
struct OpTotal {
  std::string op;
  std::int64_t calls = 0;
  sim::Time time;  ///< Sum over its calls of the longest time that a chip's queue was in it.
};

/// What the machine did since recording began.
struct Report {
  sim::Time begin;                    ///< First dispatch.
  sim::Time end;                      ///< Last chip's end.
  std::vector<OpTotal> ops;           ///< In order of first call.
  std::vector<CommandName> commands;  ///< By number.
  std::vector<ChipUse> uses;          ///< What kept which chip's queue busy, by (command, chip).
  std::vector<LinkUse> links;         ///< Every direction of every channel, by (from, to, channel).
  sim::Trace trace;                   ///< Sorted; empty unless asked for. Times count from `begin`.
};

/// The name of a command that the report has a use of.
[[nodiscard]] const CommandName& name_of(const Report& report, std::uint64_t command);

}  // namespace ttmesh::mesh
