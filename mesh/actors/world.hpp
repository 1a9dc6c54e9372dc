#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mesh/actors/hosting.hpp"
#include "mesh/program/command.hpp"
#include "mesh/program/machine.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/program/report.hpp"
#include "mesh/program/shard_table.hpp"
#include "mesh/transport/assignment.hpp"

namespace ttmesh::mesh {

struct WorldOptions {
  int threads = 0;  ///< Threads that run the actors; 0 takes one per processor.
  bool timing_only = false;
  std::optional<Hosting> hosting{};  ///< Set if the mesh is spread over several processes.
  MachineRecipe recipe{};            ///< Then: what all of them make the machine from.
};

class HostActors;

/// Runs the chips of a host other than rank 0 until the controller is done.
/// Throws mesh::Error (HostLost) if the hosts cannot be joined, or rank 0 is lost.
void serve_host(const Machine& machine, const OpTable& ops, const WorldOptions& options);

/// The running actors of one machine, or of rank 0's part of it and the way to the others. Used by
/// one thread, the controller's.
///
/// Every wait ends: when what is waited for is there, or when nothing can run any more, which is
/// an error that says which chip waits for what.
class World {
 public:
  World(const Machine& machine, const OpTable& ops, WorldOptions options);
  /// Stops all actors.
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Sends a command to its chips. Waits only while the window is full on some host, or much that
  /// this host has for another one still waits to be sent.
  void submit(CommandPtr command);
  /// Waits until every command is done, and returns when the last chip's queue is free. Throws
  /// mesh::Error if one cannot be.
  sim::Time wait();
  /// Waits, and takes the shards that a read command delivered.
  std::map<ChipId, HeldShard> take_delivery(std::uint64_t read);
  /// Waits, then forgets what chips have recorded so far.
  void start_recording(bool trace);
  /// Waits, and asks every chip for its report.
  std::vector<ChipReport> reports();

 private:
  /// Waits until nothing runs, on any host.
  void settle();
  /// Commands that all chips have passed as far as is known: exactly, after `settle`.
  std::uint64_t finished() const;
  std::uint64_t unfinished() const { return submitted_ - finished(); }
  /// Reports of all chips as they are, also of those that wait.
  std::vector<ChipReport> collect();
  void throw_if_stuck();

  std::unique_ptr<HostActors> actors_;
  std::uint64_t submitted_ = 0;
};

}  // namespace ttmesh::mesh
