#include "mesh/transport/endpoint.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/transport/attendance.hpp"
#include "mesh/transport/connection.hpp"
#include "mesh/transport/dial.hpp"
#include "mesh/transport/greeter.hpp"
#include "mesh/transport/heartbeat.hpp"
#include "mesh/transport/io_thread.hpp"
#include "mesh/transport/message_codec.hpp"
#include "mesh/transport/recruit.hpp"

namespace ttmesh::mesh {
namespace {

using Clock = std::chrono::steady_clock;

std::chrono::milliseconds left_until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

}  // namespace

class Endpoint::State {
 public:
  State(TransportOptions options, TransportHandlers handlers)
      : options_(std::move(options)),
        handlers_(std::move(handlers)),
        attendance_(options_.identity, options_.handshake_bound),
        heartbeats_(options_.silence_bound,
                    [this](int rank, const std::string& why) { silent(rank, why); }),
        greeter_(
            io_, options_.handshake_bound,
            {.objection = [this](const Hello& guest) { return attendance_.objection_to(guest); },
             .welcome = [this](const Hello& guest) { return hello(guest.channel); },
             .welcomed = [this](const Hello& guest, int socket) { welcomed(guest, socket); },
             .refused = handlers_.refused}) {}

  Address listen(const Address& address) {
    require_token(address);
    Address bound = greeter_.listen(address);
    if (handlers_.listening) handlers_.listening(to_string(bound));
    const std::lock_guard lock(mutex_);
    address_ = to_string(bound);
    return bound;
  }

  void connect(int rank, const Address& address) {
    connect(rank, address, Clock::now() + options_.handshake_bound);
  }

  void connect(int rank, const Address& address, Clock::time_point deadline) {
    require_token(address);
    const DialedHost host = dial(address, hello(Purpose::Messages), deadline);
    std::optional<std::string> why = attendance_.objection_to(host.hello);
    if (!why && host.hello.identity.rank != rank) {
      why = fmt::format("it has rank {}, needs {}", host.hello.identity.rank, rank);
    }
    if (why) {
      hang_up(host.socket, "turned this host away: " + *why);
      throw Error(ErrorCode::HostLost, fmt::format("[connect] {} cannot be host {}: {}",
                                                   to_string(address), rank, *why));
    }
    adopt(rank, host.socket, host.hello);
    try {
      const DialedHost beats = dial(address, hello(Purpose::Heartbeats), deadline);
      watch(rank, beats.socket);
    } catch (const Error& error) {
      connection(rank)->end(std::string("cannot be watched: ") + error.what());
      throw;
    }
  }

  void await_peers(std::chrono::milliseconds bound) { attendance_.await_all(bound); }

  void join(const MeetingPlace& place, std::chrono::milliseconds bound) {
    const auto deadline = Clock::now() + bound;
    const int own = options_.identity.rank;
    if (options_.offer) attendance_.offer_places(1 + static_cast<int>(place.waiting.size()));
    if (!place.own.empty()) (void)listen(parse_address(place.own));
    if (own == 0) {
      call(place.waiting, deadline);
      await_peers(left_until(deadline));
      const wire::AddressBook book = attendance_.addresses();
      for (int rank = 1; rank < options_.identity.hosts; ++rank) (void)send(rank, book);
      return;
    }
    if (!place.rank_0.empty()) connect(0, parse_address(place.rank_0), deadline);
    const std::vector<std::string> book = attendance_.await_addresses(deadline);
    for (int rank = 1; rank < own; ++rank) {
      connect(rank, parse_address(book[static_cast<std::size_t>(rank)]), deadline);
    }
    await_peers(left_until(deadline));
  }

  bool send(int rank, const Message& message) {
    if (std::holds_alternative<wire::Stop>(message)) {
      throw std::invalid_argument("[send] a goodbye, which close() says");
    }
    return connection(rank)->send(stream_of(message), encode(message));
  }

  bool await_room(int rank, std::size_t bytes, std::chrono::milliseconds bound) {
    return connection(rank)->await_room(bytes, bound);
  }

  std::size_t held_bytes(int rank) const { return connection(rank)->held_bytes(); }

  void close() {
    if (io_.is_current()) throw std::logic_error("[close] called from a handler");
    std::map<int, std::shared_ptr<Connection>> connections;
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(closed_, true)) return;
      connections = connections_;
    }
    attendance_.close();
    greeter_.close();
    for (const auto& [rank, connection] : connections) connection->say_goodbye("it closes");
    const auto deadline = Clock::now() + options_.close_bound;
    for (const auto& [rank, connection] : connections) {
      if (connection->await_end(left_until(deadline))) continue;
      connection->end("closed before all it had sent was taken");
    }
    io_.join();
    heartbeats_.close();
  }

 private:
  void require_token(const Address& address) const {
    if (address.kind == Address::Kind::Tcp && options_.identity.token.empty()) {
      throw std::invalid_argument(fmt::format(
          "[Endpoint] {} without a token, needs one: anybody could connect", to_string(address)));
    }
  }

  Hello hello(Purpose channel) const {
    const std::lock_guard lock(mutex_);
    return {.identity = options_.identity,
            .channel = channel,
            .window_bytes = options_.window_bytes,
            .address = address_};
  }

  /// Gives the hosts that wait for a call their places, and connects to them.
  void call(const std::vector<std::string>& waiting, Clock::time_point deadline) {
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      const Address address = parse_address(waiting[i]);
      require_token(address);
      recruit(address, options_.identity, assignment_of(static_cast<int>(i) + 1), deadline);
    }
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      connect(static_cast<int>(i) + 1, parse_address(waiting[i]), deadline);
    }
  }

  Assignment assignment_of(int rank) const {
    if (!options_.offer) {
      throw std::invalid_argument("[Endpoint] hosts to call and nothing to tell them, needs offer");
    }
    return {.rank = rank, .hosts = options_.identity.hosts, .recipe = *options_.offer};
  }

  std::shared_ptr<Connection> connection(int rank) const {
    const std::lock_guard lock(mutex_);
    const auto found = connections_.find(rank);
    if (found == connections_.end()) {
      throw std::invalid_argument(fmt::format(
          "[Endpoint] host {} is not connected, needs connect or await_peers first", rank));
    }
    return found->second;
  }

  void welcomed(const Hello& guest, int socket) {
    const int rank = guest.identity.rank;
    if (guest.channel == Purpose::Place) {
      give_place(socket);
    } else if (guest.channel == Purpose::Heartbeats) {
      watch(rank, socket);
    } else {
      adopt(rank, socket, guest);
      heartbeats_.expect(rank);
    }
  }

  void give_place(int socket) { tell(io_, socket, assignment_of(attendance_.give_place())); }

  void adopt(int rank, int socket, const Hello& peer) {
    const std::lock_guard lock(mutex_);
    if (closed_) {
      ::close(socket);
      return;
    }
    attendance_.connected(rank, peer.address.empty()
                                    ? ""
                                    : to_string(reachable(parse_address(peer.address), socket)));
    connections_[rank] =
        open_connection(io_,
                        {.socket = socket,
                         .limits = options_.limits,
                         .send_window_bytes = peer.window_bytes,
                         .receive_window_bytes = options_.window_bytes},
                        {.received =
                             [this, rank](Message message, Receipt receipt) {
                               received(rank, std::move(message), std::move(receipt));
                             },
                         .ended = [this, rank](const std::string& why) { ended(rank, why); }});
  }

  void watch(int rank, int socket) {
    const std::lock_guard lock(mutex_);
    if (closed_ || !attendance_.is_connected(rank)) {
      ::close(socket);
      return;
    }
    heartbeats_.watch(rank, socket);
    attendance_.beating(rank);
  }

  void silent(int rank, const std::string& why) { connection(rank)->end(why); }

  void received(int rank, Message message, Receipt receipt) {
    if (auto* book = std::get_if<wire::AddressBook>(&message)) {
      attendance_.learn(std::move(*book));
      return;
    }
    handlers_.received(rank, std::move(message), std::move(receipt));
  }

  void ended(int rank, const std::string& why) {
    {
      const std::lock_guard lock(mutex_);  // `watch` comes before, or finds it gone.
      attendance_.gone(rank, why);
    }
    heartbeats_.forget(rank);
    if (!why.empty()) handlers_.lost(rank, why);
  }

  const TransportOptions options_;
  const TransportHandlers handlers_;

  mutable std::mutex mutex_;  ///< Guards the next three, and who is connected.
  std::map<int, std::shared_ptr<Connection>> connections_;
  std::string address_;
  bool closed_ = false;

  Attendance attendance_;
  IoThread io_;
  Heartbeats heartbeats_;
  Greeter greeter_;
};

Endpoint::Endpoint(TransportOptions options, TransportHandlers handlers) {
  check(options, handlers);
  state_ = std::make_unique<State>(std::move(options), std::move(handlers));
}

Endpoint::~Endpoint() {
  try {
    close();
  } catch (...) {
    std::terminate();  // A handler destroys the thread that it runs on.
  }
}

Address Endpoint::listen(const Address& address) { return state_->listen(address); }
void Endpoint::connect(int rank, const Address& address) { state_->connect(rank, address); }
void Endpoint::await_peers(std::chrono::milliseconds bound) { state_->await_peers(bound); }
void Endpoint::join(const MeetingPlace& place, std::chrono::milliseconds bound) {
  state_->join(place, bound);
}
bool Endpoint::send(int rank, const Message& message) { return state_->send(rank, message); }
bool Endpoint::await_room(int rank, std::size_t bytes, std::chrono::milliseconds bound) {
  return state_->await_room(rank, bytes, bound);
}
std::size_t Endpoint::held_bytes(int rank) const { return state_->held_bytes(rank); }
void Endpoint::close() { state_->close(); }

}  // namespace ttmesh::mesh
