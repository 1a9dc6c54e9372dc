#include "mesh/transport/recruit.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <asio.hpp>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/transport/call.hpp"
#include "mesh/transport/dial.hpp"
#include "mesh/transport/greeter.hpp"
#include "mesh/transport/stream_socket.hpp"

namespace ttmesh::mesh {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kTellBound = 5s;

Hello hello_of(const Identity& identity) {
  return {.identity = identity, .channel = Purpose::Place, .window_bytes = 1, .address = {}};
}

/// Dials, and makes sure that both may work together.
int dial_checked(const Address& address, const Identity& identity, Clock::time_point deadline) {
  const DialedHost host = dial(address, hello_of(identity), deadline);
  if (const std::optional<std::string> why = mismatch(identity, host.hello)) {
    hang_up(host.socket, "turned this host away: " + *why);
    throw Error(ErrorCode::HostLost,
                fmt::format("[dial] {} is no host for this run: {}", to_string(address), *why));
  }
  return host.socket;
}

/// Rank 0, who has knocked and been let in.
class Visitors {
 public:
  void put(int socket) {
    const std::lock_guard lock(mutex_);
    if (closed_) {
      ::close(socket);
      return;
    }
    sockets_.push_back(socket);
    changed_.notify_all();
  }

  std::optional<int> take(Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_until(lock, deadline, [&] { return !sockets_.empty(); })) return {};
    const int socket = sockets_.front();
    sockets_.erase(sockets_.begin());
    return socket;
  }

  /// Those who came too late.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (const int socket : sockets_) hang_up(socket, "turned this host away: it has joined a run");
    sockets_.clear();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<int> sockets_;
  bool closed_ = false;
};

/// An assignment on its way.
class Telling : public std::enable_shared_from_this<Telling> {
 public:
  Telling(asio::io_context& context, int socket, Frame frame)
      : socket_(adopt_socket(context, socket)), timer_(context), frame_(std::move(frame)) {}

  void start() {
    timer_.expires_after(kTellBound);
    timer_.async_wait([self = shared_from_this()](const asio::error_code&) {
      asio::error_code ignored;  // It is closed whatever this says.
      self->socket_.close(ignored);
    });
    asio::async_write(socket_, asio::buffer(frame_.head),
                      [self = shared_from_this()](const asio::error_code&, std::size_t) {
                        self->timer_.cancel();  // A guest that has gone may ask again.
                      });
  }

 private:
  StreamSocket socket_;
  asio::steady_timer timer_;
  Frame frame_;
};

}  // namespace

Recruit enlist(const Address& rank_0, const Identity& identity, Clock::time_point deadline) {
  Call call(rank_0, dial_checked(rank_0, identity, deadline), deadline);
  const ReceivedHead head = call.read(FrameKind::Assignment, kAssignmentLimits);
  try {
    Assignment assignment = decode_assignment(head.header);
    Address own = beside(rank_0, assignment.rank, call.number());
    return {.assignment = std::move(assignment), .own = std::move(own)};
  } catch (const std::invalid_argument& error) {
    call.refuse(error.what());
  }
}

Recruit await_call(const AwaitCallOptions& options) {
  if (options.own.kind == Address::Kind::Tcp && options.identity.token.empty()) {
    throw std::invalid_argument(
        fmt::format("[await_call] {} without a token, needs one: anybody could connect",
                    to_string(options.own)));
  }
  const Clock::time_point deadline = Clock::now() + options.bound;
  Visitors visitors;
  IoThread io;
  Greeter greeter(io, 10s,
                  {.objection = [&](const Hello& guest) -> std::optional<std::string> {
                     if (auto why = mismatch(options.identity, guest)) return why;
                     if (guest.channel == Purpose::Place) return std::nullopt;
                     return "this host waits for rank 0 to call, and has not joined a run so far";
                   },
                   .welcome = [&](const Hello&) { return hello_of(options.identity); },
                   .welcomed = [&](const Hello&, int socket) { visitors.put(socket); },
                   .refused = options.refused});
  const Address own = greeter.listen(options.own);
  options.listening(own);
  std::optional<int> caller;
  std::optional<Assignment> assignment;
  std::optional<Call> call;
  while (!assignment && (caller = visitors.take(deadline))) {
    call.emplace(own, *caller, std::min(deadline, Clock::now() + kTellBound));
    try {
      assignment = decode_assignment(call->read(FrameKind::Assignment, kAssignmentLimits).header);
    } catch (const std::exception& error) {
      options.refused("rank 0", error.what());
    }
  }
  greeter.close();
  io.join();
  visitors.close();
  if (!assignment) {
    throw Error(ErrorCode::HostLost,
                fmt::format("[await_call] rank 0 has not called {} within {} s; start it with "
                            "--connect and this address",
                            to_string(own),
                            std::chrono::ceil<std::chrono::seconds>(options.bound).count()));
  }
  // The caller waits for its connection to end: this host listens there no more, until it joins.
  return {.assignment = *std::move(assignment), .own = own};
}

void recruit(const Address& host, const Identity& rank_0, const Assignment& assignment,
             Clock::time_point deadline) {
  Call call(host, dial_checked(host, rank_0, deadline), deadline);
  call.write(encode(assignment));
  call.await_end();
}

void tell(const IoThread& io, int socket, const Assignment& assignment) {
  std::make_shared<Telling>(*io.context(), socket, encode(assignment))->start();
}

}  // namespace ttmesh::mesh
