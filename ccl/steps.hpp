#pragma once

#include <array>
#include <vector>

#include "ccl/member.hpp"
#include "mesh/program/step.hpp"

namespace ttmesh::ccl {

inline constexpr std::array kLanes{mesh::Lane::Forward, mesh::Lane::Backward};

/// One chunk on a lane: sender and receiver name it alike but for the peer and the slot.
struct Chunk {
  mesh::Lane lane;
  sim::Engine engine;
  int round;
};

[[nodiscard]] mesh::Step send(const Member& member, const Chunk& chunk, int slot);
[[nodiscard]] mesh::Step receive(const Member& member, const Chunk& chunk, int slot);
/// `slot` += `source` by the reduction worker of `lane`.
[[nodiscard]] mesh::Step reduce(mesh::Lane lane, int slot, int source);
/// The same without a step of its own: in one pass with another reduction of `slot`, as when a
/// worker adds what came from both sides to its own term.
[[nodiscard]] mesh::Step reduce_in_passing(mesh::Lane lane, int slot, int source);
/// The same of a slice that was sent straight to its owner.
[[nodiscard]] mesh::Step reduce_direct(mesh::Lane lane, int slot, int source);
/// The worker of `lane` copies `source` to `slot`.
[[nodiscard]] mesh::Step copy(mesh::Lane lane, int slot, int source);

/// The same after all that the worker has sent, whatever the model says of gathers.
[[nodiscard]] mesh::Step copy_in_turn(mesh::Lane lane, int slot, int source);

/// Tells `peer` that this chip, and all that signalled it on `lane`, have started.
[[nodiscard]] mesh::Step signal(mesh::Lane lane, mesh::ChipId peer);
/// Waits for the signal of `peer`: `lane` opens.
[[nodiscard]] mesh::Step await(mesh::Lane lane, mesh::ChipId peer);
/// `lane` opens no sooner than `other`.
[[nodiscard]] mesh::Step join(mesh::Lane lane, mesh::Lane other);

/// Entry barrier of a multicast: a lane opens on a chip when all chips ahead of it have started.
/// The signal is passed on and combined: one hop after another, against the lane.
[[nodiscard]] std::vector<mesh::Step> line_barrier(const Member& member);

/// Entry barrier of traffic around a ring: a lane opens on a chip when the `hops` chips ahead of it
/// have started. A chip that has heard of one more tells those behind.
[[nodiscard]] std::vector<mesh::Step> ring_barrier(const Member& member, int hops);

/// Entry barrier of neighbours: a lane opens on a chip when the next chip ahead has started.
[[nodiscard]] std::vector<mesh::Step> neighbour_barrier(const Member& member);

/// The same for lane Forward alone.
[[nodiscard]] std::vector<mesh::Step> forward_barrier(const Member& member);

}  // namespace ttmesh::ccl
