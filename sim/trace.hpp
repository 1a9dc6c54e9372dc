#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "sim/time.hpp"

namespace ttmesh::sim {

/// A row of the timeline view: a chip's queue or one direction of a link.
struct Track {
  int process;       ///< Mesh id.
  int id;            ///< Unique in the trace; also the sort order.
  std::string name;  ///< "chip 3", "link 0>1 #0"
};

/// Something that kept a track busy.
struct Slice {
  int track;
  Time start;
  Time end;
  std::uint64_t command;   ///< Number of the command.
  std::uint32_t step = 0;  ///< Position among the command's steps on this track's chip.
  std::string name;        ///< The op, or the chunk on a link.
  std::int64_t bytes = 0;  ///< On a link: payload bytes; 0 on a chip's queue.
};

/// A message: from a slice on one track to a slice on another.
struct Arrow {
  int from_track;
  int to_track;
  Time sent;
  Time received;
  std::uint64_t command;
  std::uint32_t step = 0;
};

/// What happened in virtual time. Nothing in it depends on threads or processes once sorted.
struct Trace {
  std::vector<Track> tracks;
  std::vector<Slice> slices;
  std::vector<Arrow> arrows;
};

/// Orders slices by (start, track, command, step), and arrows likewise.
void sort(Trace& trace);

/// Writes a sorted trace as Chrome/Perfetto JSON: slices with virtual microseconds, one track per
/// chip queue and link direction, arrows for messages, counters of how busy links were. The bytes
/// depend on the trace alone.
/// Throws std::invalid_argument if a slice or an arrow names a track that the trace lacks.
void write_perfetto(std::ostream& out, const Trace& trace);

}  // namespace ttmesh::sim
