#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "bench/forked.hpp"
#include "mesh/transport/address.hpp"
#include "mesh/transport/transport.hpp"

namespace ttmesh::mesh {

/// A host that is connected with another one, in another process: over sockets a child of this one;
/// over MPI rank 1, which mpirun has started.
class Link {
 public:
  explicit Link(TransportKind kind);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Sends the chunk `count` times; the other host says when it has them all.
  void stream(const Chunk& chunk, int count);
  /// The chunk goes there and back, `count` times.
  void round_trips(const Chunk& chunk, int count);

 private:
  void came(const Message& message);
  void wait();

  std::optional<SocketDirectory> sockets_;
  std::unique_ptr<Forked> other_;
  std::atomic<int> left_ = 0;
  std::unique_ptr<Transport> transport_;
};

/// The rank that mpirun has given this process as one of two; nothing if it did not start two.
[[nodiscard]] std::optional<int> rank_of_two();

/// Is the other host, over MPI, until the link is gone.
void be_the_other_rank();

/// A chunk with that many bytes of values.
[[nodiscard]] Chunk chunk_of(std::int64_t bytes);

}  // namespace ttmesh::mesh
