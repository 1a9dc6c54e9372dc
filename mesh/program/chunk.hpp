#pragma once

#include <cstdint>

#include "mesh/program/failure.hpp"
#include "mesh/program/step.hpp"
#include "mesh/tensor/region.hpp"
#include "sim/time.hpp"

namespace ttmesh::mesh {

/// What one chip sends to a neighbour: a piece of a shard, or a start signal without one.
struct Chunk {
  std::uint64_t command = 0;
  ChipId from = -1;
  ChipId to = -1;
  Lane lane = Lane::Forward;
  bool signal = false;
  std::int32_t round = 0;
  sim::Time head;  ///< Arrival of the first packet at `to`.
  sim::Time tail;  ///< Arrival of the last.
  /// Bytes that the sender's worker had sent in the command when this was, counting what the
  /// workers before it had sent already: how far the pipeline has come.
  std::int64_t streamed = 0;
  Piece piece;
  FailurePtr failure;  ///< Set if the sender could not make the values it owes.
};

}  // namespace ttmesh::mesh
