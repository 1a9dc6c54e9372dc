#pragma once

#include <chrono>
#include <map>
#include <optional>

#include "mesh/transport/handshake.hpp"

namespace ttmesh::mesh {

/// The ranks that rank 0 has to give to hosts that ask for one.
class Places {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Ranks from `first` on, below `end`. One that was given is free again if no host has come with
  /// it within `bound`.
  Places(int first, int end, std::chrono::milliseconds bound)
      : first_(first), end_(end), bound_(bound) {}

  /// The lowest one that is free.
  [[nodiscard]] std::optional<int> free(const Guests& guests, Time now) const {
    for (int rank = first_; rank < end_; ++rank) {
      if (guests.connected.contains(rank) || guests.gone.contains(rank)) continue;
      const auto given = given_.find(rank);
      if (given == given_.end() || now > given->second + bound_) return rank;
    }
    return std::nullopt;
  }

  void give(int rank, Time now) { given_[rank] = now; }

 private:
  int first_;
  int end_;
  std::chrono::milliseconds bound_;
  std::map<int, Time> given_;  ///< When each was.
};

}  // namespace ttmesh::mesh
