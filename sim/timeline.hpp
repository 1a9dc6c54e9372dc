#pragma once

#include <algorithm>

#include "sim/time.hpp"

namespace ttmesh::sim {

/// A resource that serves one claim after another, in the order in which they are made: a chip's
/// queue, one direction of a link, a collective's worker. Gaps are never filled later.
class Timeline {
 public:
  Timeline() = default;
  explicit Timeline(Time free) : free_(free) {}

  /// Takes the resource for `duration`, no sooner than `earliest`; returns when the claim starts.
  Time claim(Time earliest, Time duration) {
    const Time start = std::max(free_, earliest);
    free_ = start + duration;
    return start;
  }

  /// Keeps the resource busy until `end`, if it is not already.
  void hold_until(Time end) { free_ = std::max(free_, end); }

  Time free() const { return free_; }

 private:
  Time free_;
};

}  // namespace ttmesh::sim
