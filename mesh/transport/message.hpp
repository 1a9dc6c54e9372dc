#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "mesh/program/chunk.hpp"
#include "mesh/program/command.hpp"
#include "mesh/program/failure.hpp"
#include "mesh/program/report.hpp"
#include "mesh/program/shard_table.hpp"
#include "sim/time.hpp"

namespace ttmesh::mesh {

/// What hosts say to each other, where the layers below have no word for it.
namespace wire {

/// A chip's shard for the controller: the answer to a read.
struct Delivery {
  std::uint64_t read = 0;  ///< Number of the command.
  ChipId chip = -1;
  HeldShard shard;
};

/// Is anything running, or on its way?
struct ActivityProbe {
  std::uint64_t wave = 0;  ///< The answer repeats it.
};

/// Two waves in which every host is idle, that count the same, and in which as many messages were
/// sent as received, show that nothing runs on any host.
struct ActivityCount {
  std::uint64_t wave = 0;
  std::uint64_t sent = 0;      ///< Messages to other hosts since the start.
  std::uint64_t received = 0;  ///< Messages of other hosts that were handled.
  bool idle = false;
  std::uint64_t finished = 0;  ///< Commands that all chips of the host have passed.
  sim::Time end;               ///< When its last chip's queue is free.
};

/// Record from now on what chips do.
struct Record {
  bool trace = false;
};

/// Send the reports of all chips.
struct ReportQuestion {};

/// Where hosts listen, by rank.
struct AddressBook {
  std::vector<std::string> addresses;
};

/// The sender closes and expects nothing any more.
struct Stop {
  std::string why;
};

}  // namespace wire

using Message = std::variant<Chunk, CommandPtr, wire::Delivery, ChipReport, Failure,
                             wire::ActivityProbe, wire::ActivityCount, wire::Record,
                             wire::ReportQuestion, wire::AddressBook, wire::Stop>;

/// Names what shares credit: a link direction for chunks, else a kind of message.
using StreamId = std::uint64_t;
[[nodiscard]] StreamId stream_of(const Message& message);

}  // namespace ttmesh::mesh
