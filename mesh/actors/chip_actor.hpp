#pragma once

#include <caf/all.hpp>
#include <cstdint>
#include <memory>

#include "mesh/actors/host_state.hpp"
#include "mesh/actors/messages.hpp"
#include "mesh/program/chip.hpp"

namespace ttmesh::mesh {

/// A chip of the mesh: feeds messages to the chip's logic, and sends what that asks for.
class ChipActor : public caf::event_based_actor, private ChipHost {
 public:
  ChipActor(caf::actor_config& config, ChipId id, HostState& host);

  caf::behavior make_behavior() override;

 private:
  void send(Chunk chunk) override;
  void wake(ChipId chip) override;
  void deliver(ChipId chip, const Command& read, HeldShard shard) override;
  void finished(ChipId chip, Task& task, sim::Time end) override;
  bool gives_up() const override { return host_.abandoned.load(std::memory_order_relaxed); }
  void mismatch(ChipId chip, const Command& command, std::string what) override;

  /// Sends a message that counts as activity until it is handled.
  template <typename Message>
  void post(const caf::actor& to, Message message);
  /// Ends the activity of the messages that were handled, and sends the chunks that they led to.
  void send_outbox();
  /// An empty letter, if possible one that has been read: its memory is large enough, mostly.
  std::vector<Chunk> take_blank();
  void keep_blank(std::vector<Chunk> letter);
  /// Runs a handler, and the chip unless more messages wait: after those it gets further, and what
  /// it has for a neighbour goes in one letter. An exception, which would be a mistake of ours,
  /// becomes a fault.
  template <typename Handler>
  void handle(const Handler& handler);

  HostState& host_;
  std::shared_ptr<const Directory> directory_;
  Chip chip_;
  std::vector<std::vector<Chunk>> outbox_;  ///< Letters by receiver; few of them.
  std::vector<std::vector<Chunk>> blanks_;
  std::int64_t handled_ = 0;  ///< Messages whose activity has not ended yet.
};

}  // namespace ttmesh::mesh
