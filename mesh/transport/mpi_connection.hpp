#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "mesh/transport/connection.hpp"
#include "mesh/transport/frame.hpp"
#include "mesh/transport/handshake.hpp"
#include "mesh/transport/mpi_frames.hpp"
#include "mesh/transport/mpi_job.hpp"

// Included by the sources of mpi_* alone, so that MPI's header does not spread.
namespace ttmesh::mesh {

struct MpiConnectionOptions {
  int rank = 0;
  MpiTags tags;
  FrameLimits limits;
  std::uint64_t receive_window_bytes = 0;
  std::chrono::milliseconds silence_bound{0};
};

/// Called on MPI's thread. They return soon, and do not throw.
struct MpiConnectionHandlers {
  /// The peer has said who it is: whether it may stay.
  std::function<bool(const Hello& hello)> introduced;
  ConnectionHandlers connection;
};

/// Messages to and from one rank.
///
/// Both sides say hello first, and goodbye last: after both goodbyes MPI holds nothing of either.
/// A connection that ends otherwise leaves what MPI may still use to the process, which then ends
/// the job.
class MpiConnection : public Connection, public std::enable_shared_from_this<MpiConnection> {
 public:
  /// `job` outlives this.
  MpiConnection(MpiJob& job, const MpiConnectionOptions& options, MpiConnectionHandlers handlers);

  /// Says hello.
  void introduce(const Hello& hello);

  // On MPI's thread.
  /// Takes the head of a frame, which MPI has matched.
  void take(MPI_Message head, int bytes);
  /// Does what there is to do; whether there was anything.
  bool poll();

  bool send(StreamId stream, Frame frame) override;
  [[nodiscard]] bool await_room(std::size_t bytes, std::chrono::milliseconds bound) override;
  [[nodiscard]] std::size_t held_bytes() const override;
  void give_back(const Credit& credit) override;
  void say_goodbye(const std::string& why) override;
  bool await_end(std::chrono::milliseconds bound) override;
  void end(const std::string& why) override;

 private:
  using Clock = std::chrono::steady_clock;

  struct Outgoing {
    bool control = false;  ///< Goes before messages, without credit.
    bool last = false;     ///< Goes after them.
    StreamId stream = 0;
    Frame frame;
  };

  bool enqueue(Outgoing outgoing);
  bool pump();
  bool write();
  std::optional<Frame> next_frame();
  bool read();
  void handle(ReceivedFrame frame);
  void meet(const Hello& hello);
  void deliver(ReceivedFrame frame);
  void peer_leaves(Message stop);
  void check_heartbeats();
  /// Nothing more is taken, and what is held is let go.
  void drop_held();
  void fail(const std::string& why);
  void close(const std::string& why);

  MpiJob& job_;
  const MpiConnectionOptions options_;
  const MpiConnectionHandlers handlers_;

  mutable std::mutex mutex_;  ///< Guards the next five.
  std::vector<Outgoing> incoming_;
  std::optional<std::string> end_asked_;
  bool gone_ = false;   ///< Takes nothing any more.
  bool ended_ = false;  ///< Has said so.
  std::size_t held_bytes_ = 0;
  std::condition_variable changed_;

  // MPI's thread alone.
  std::shared_ptr<MpiFrameWriter> writer_;
  std::shared_ptr<MpiFrameReader> reader_;
  std::unordered_map<StreamId, std::shared_ptr<Inflow>> inflows_;
  std::optional<SendWindow> window_;  ///< Once the peer has said how much.
  std::deque<Frame> control_;
  std::optional<Frame> goodbye_;
  bool said_goodbye_ = false;
  bool peer_left_ = false;
  bool closed_ = false;
  Clock::time_point last_look_ = Clock::now();
  Clock::time_point last_beat_ = Clock::now();
  Clock::time_point last_sign_ = Clock::now();
};

}  // namespace ttmesh::mesh
