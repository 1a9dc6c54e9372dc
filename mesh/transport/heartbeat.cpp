#include "mesh/transport/heartbeat.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "mesh/transport/frame.hpp"
#include "mesh/transport/io_thread.hpp"
#include "mesh/transport/stream_socket.hpp"

namespace ttmesh::mesh {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kBeatsPerBound = 8;  ///< A peer may miss all but one of them.

struct Peer {
  std::optional<StreamSocket> socket{};  ///< Nothing while it is still to come.
  Clock::time_point last_sign = Clock::now();
  std::array<std::byte, 16 * kPreambleBytes> incoming{};
  std::array<std::byte, kPreambleBytes> outgoing = encode(Preamble{.kind = FrameKind::Heartbeat});
  bool writing = false;
};

}  // namespace

class Heartbeats::Monitor : public std::enable_shared_from_this<Monitor> {
 public:
  Monitor(std::chrono::milliseconds bound, std::function<void(int, std::string)> silent)
      : bound_(bound), silent_(std::move(silent)), timer_(*thread_.context()) {}

  void start() {
    thread_.post([self = shared_from_this()] {
      self->last_tick_ = Clock::now();
      self->tick();
    });
  }

  void watch(int rank, int socket) {
    auto peer = std::make_shared<Peer>();
    peer->socket = adopt_socket(*thread_.context(), socket);
    add(rank, std::move(peer));
  }

  void expect(int rank) { add(rank, std::make_shared<Peer>()); }

  void forget(int rank) {
    thread_.post([self = shared_from_this(), rank] { self->drop(rank); });
  }

  void close() {
    thread_.post([self = shared_from_this()] {
      self->closed_ = true;
      self->timer_.cancel();
      while (!self->peers_.empty()) self->drop(self->peers_.begin()->first);
    });
    thread_.join();
  }

 private:
  void add(int rank, std::shared_ptr<Peer> peer) {
    thread_.post([self = shared_from_this(), rank, peer = std::move(peer)] {
      if (self->closed_) return;
      self->drop(rank);
      self->peers_[rank] = peer;
      if (!peer->socket) return;
      self->beat(peer);
      self->read(peer);
    });
  }

  void drop(int rank) {
    const auto found = peers_.find(rank);
    if (found == peers_.end()) return;
    asio::error_code ignored;  // It is closed whatever this says.
    if (found->second->socket) found->second->socket->close(ignored);
    peers_.erase(found);
  }

  void tick() {
    if (closed_) return;
    const Clock::time_point now = Clock::now();
    // If this process was stopped itself, what the others sent meanwhile is still to be read.
    const bool was_stopped = now - std::exchange(last_tick_, now) > bound_ / 2;
    std::vector<int> lost;
    for (const auto& [rank, peer] : peers_) {
      if (was_stopped) peer->last_sign = now;
      if (now - peer->last_sign > bound_) lost.push_back(rank);
      beat(peer);
    }
    for (const int rank : lost) {
      drop(rank);
      silent_(rank,
              fmt::format("has been silent for {:.1f} s: its process is stopped, or it is cut off",
                          std::chrono::duration<double>(bound_).count()));
    }
    timer_.expires_after(std::max(bound_ / kBeatsPerBound, std::chrono::milliseconds(1)));
    timer_.async_wait([self = shared_from_this()](const asio::error_code&) { self->tick(); });
  }

  void beat(const std::shared_ptr<Peer>& peer) {
    if (!peer->socket || std::exchange(peer->writing, true)) return;
    // A failure shows as silence, or ends the other connection first.
    asio::async_write(*peer->socket, asio::buffer(peer->outgoing),
                      [peer](const asio::error_code& error, std::size_t) {
                        peer->writing = static_cast<bool>(error);
                      });
  }

  // Whatever comes is a sign of life: the peer has been let in. The end of the stream is not news:
  // the connection for messages ends too, or the silence is noticed.
  void read(const std::shared_ptr<Peer>& peer) {
    peer->socket->async_read_some(
        asio::buffer(peer->incoming),
        [self = shared_from_this(), peer](const asio::error_code& error, std::size_t) {
          if (error || self->closed_) return;
          peer->last_sign = Clock::now();
          self->read(peer);
        });
  }

  const std::chrono::milliseconds bound_;
  const std::function<void(int, std::string)> silent_;
  IoThread thread_;
  asio::steady_timer timer_;
  std::map<int, std::shared_ptr<Peer>> peers_;
  Clock::time_point last_tick_;
  bool closed_ = false;
};

Heartbeats::Heartbeats(std::chrono::milliseconds bound,
                       std::function<void(int, std::string)> silent)
    : monitor_(std::make_shared<Monitor>(bound, std::move(silent))) {
  monitor_->start();
}

Heartbeats::~Heartbeats() { close(); }

void Heartbeats::expect(int rank) { monitor_->expect(rank); }
void Heartbeats::watch(int rank, int socket) { monitor_->watch(rank, socket); }
void Heartbeats::forget(int rank) { monitor_->forget(rank); }
void Heartbeats::close() {
  if (const std::shared_ptr<Monitor> monitor = std::exchange(monitor_, nullptr)) monitor->close();
}

}  // namespace ttmesh::mesh
