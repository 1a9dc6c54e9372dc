#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "ccl/member.hpp"
#include "mesh/program/step.hpp"

namespace ttmesh::ccl {

/// Steps of the chip at a place. Chips are numbered by their place.
using Algorithm = std::function<mesh::StepPlan(const Member&)>;

/// One slot's worth of one chip's input.
struct Term {
  int source;
  int slice;
  int part;

  friend constexpr bool operator==(const Term&, const Term&) = default;
  friend bool operator<(const Term& a, const Term& b) {
    return std::tie(a.source, a.slice, a.part) < std::tie(b.source, b.slice, b.part);
  }
};

/// What a slot holds, without values. A term that is in it twice is listed twice; none means empty.
struct Content {
  std::vector<Term> terms;  ///< Sorted.
  std::int64_t pages = 0;
};

/// One step that a chip took. A message sent in one tick can be received in the next.
struct Act {
  int tick;
  int chip;
  mesh::Step step;
  std::int64_t pages;  ///< Of a Send; 0 of all others.
};

/// Chips that rehearse, numbered from 0, and the links between them.
struct Cast {
  int chips;
  /// The part of a chip; one that takes none has no steps and is a relay.
  std::function<mesh::StepPlan(mesh::ChipId)> plan;
  /// Whether a payload on a lane can go from one chip straight to another.
  std::function<bool(mesh::ChipId from, mesh::ChipId to, mesh::Lane lane)> leads;
  std::int64_t slice_pages = 2;  ///< Pages of one slice.
};

/// What chips did when all of them took their steps without a machine.
struct Rehearsal {
  std::vector<Act> acts;                    ///< In order of tick, then chip.
  std::vector<mesh::SlotPlan> plans;        ///< By chip.
  std::vector<std::vector<Content>> slots;  ///< By chip, at the end.
  /// Steps that make no sense, payloads that leave before their receivers are known to have
  /// started, chips that wait for ever, and messages that nobody took.
  std::vector<std::string> faults;
};

struct RehearsalOptions {
  int size;  ///< Chips on the line.
  Topology topology = Topology::Linear;
  std::int64_t slice_pages = 2;  ///< Pages of one slice.
};

/// Runs the steps of all chips, each in its order, with buffers that never fill up and
/// links that deliver strictly in order: a chip that does not want a link's oldest message gets no
/// other from it.
[[nodiscard]] Rehearsal rehearse(const Cast& cast);

/// The same for the chips of a line.
[[nodiscard]] Rehearsal rehearse(const Algorithm& algorithm, const RehearsalOptions& options);

/// The line of chips 0 to size - 1.
[[nodiscard]] mesh::Line numbered_line(int size);

}  // namespace ttmesh::ccl
