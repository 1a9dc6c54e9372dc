#include "mesh/transport/dial.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "mesh/transport/frame.hpp"
#include "mesh/transport/host_lost.hpp"
#include "mesh/transport/stream_socket.hpp"

namespace ttmesh::mesh {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kRetry{20};

/// A call in progress: asynchronous operations that the calling thread waits for.
class Call {
 public:
  Call(const Address& address, Clock::time_point deadline)
      : address_(address), deadline_(deadline), socket_(context_) {}

  asio::error_code connect() {
    if (address_.kind == Address::Kind::Unix) {
      return connect_to(asio::local::stream_protocol::endpoint(address_.name));
    }
    asio::ip::tcp::resolver resolver(context_);
    asio::error_code error;
    const auto found = resolver.resolve(address_.name, std::to_string(address_.port), error);
    for (const auto& entry : found) {
      error = connect_to(entry.endpoint());
      if (!error) {
        socket_.set_option(asio::ip::tcp::no_delay(true), error);
        return error;
      }
    }
    return error;
  }

  void write(const std::vector<std::byte>& bytes) {
    require(await([&](auto done) { asio::async_write(socket_, asio::buffer(bytes), done); }));
  }

  template <typename Bytes>
  void read(Bytes& bytes) {
    require(await([&](auto done) { asio::async_read(socket_, asio::buffer(bytes), done); }));
  }

  int release() { return socket_.release(); }

 private:
  template <typename Endpoint>
  asio::error_code connect_to(const Endpoint& endpoint) {
    asio::error_code ignored;  // Of the attempt before.
    socket_.close(ignored);
    socket_ = StreamSocket(context_);
    return await([&](auto done) {
      socket_.async_connect(asio::generic::stream_protocol::endpoint(endpoint),
                            [done](const asio::error_code& error) mutable { done(error, 0); });
    });
  }

  // Starts an operation and runs it to its end, or to the deadline.
  template <typename Start>
  asio::error_code await(const Start& start) {
    asio::error_code result = asio::error::timed_out;
    bool ended = false;
    start([&](const asio::error_code& error, std::size_t) {
      ended = true;
      result = error;
    });
    context_.restart();
    context_.run_until(deadline_);
    if (!ended) {
      asio::error_code ignored;  // It is closed whatever this says.
      socket_.close(ignored);
      context_.restart();
      context_.run();
      result = asio::error::timed_out;
    }
    return result;
  }

  void require(const asio::error_code& error) const {
    if (!error) return;
    throw Error(kHostLost,
                fmt::format("[dial] {} does not answer: {}; is it a ttmesh host of this run?",
                            to_string(address_), error.message()));
  }

  const Address& address_;
  const Clock::time_point deadline_;
  asio::io_context context_{1};
  StreamSocket socket_;
};

// Whoever listens there may not have come so far.
bool may_come_yet(const asio::error_code& error) {
  const asio::error_code no_socket(ENOENT, asio::error::get_system_category());
  return error == asio::error::connection_refused || error == no_socket;
}

}  // namespace

DialedHost dial(const Address& address, const Hello& hello, Clock::time_point deadline) {
  Call call(address, deadline);
  for (asio::error_code error = call.connect(); error; error = call.connect()) {
    if (!may_come_yet(error) || Clock::now() + kRetry > deadline) {
      throw Error(kHostLost, fmt::format("[dial] no host can be reached at {}: {}; start it, or "
                                         "correct the address",
                                         to_string(address), error.message()));
    }
    std::this_thread::sleep_for(kRetry);
  }
  call.write(encode_hello(FrameKind::Hello, hello).head);
  std::array<std::byte, kPreambleBytes> preamble_bytes{};
  call.read(preamble_bytes);
  try {
    const Preamble preamble = decode_preamble(preamble_bytes, kStrangerLimits);
    std::vector<std::byte> header(preamble.header_bytes);
    call.read(header);
    if (preamble.kind == FrameKind::Refusal) {
      throw Error(kHostLost, fmt::format("[dial] {} turned this host away: {}", to_string(address),
                                         decode_refusal(header)));
    }
    if (preamble.kind != FrameKind::Welcome) {
      throw std::invalid_argument(
          fmt::format("its first frame is of kind {}", static_cast<int>(preamble.kind)));
    }
    const Hello host = decode_hello(preamble, header);
    return {.socket = call.release(), .hello = host};
  } catch (const std::invalid_argument& error) {
    throw Error(kHostLost,
                fmt::format("[dial] {} is no ttmesh host: {}", to_string(address), error.what()));
  }
}

void hang_up(int socket, const std::string& why) {
  asio::io_context context(1);
  StreamSocket adopted = adopt_socket(context, socket);
  const Frame refusal = encode_refusal(why);
  asio::error_code ignored;  // It may be gone, or not listen.
  adopted.write_some(asio::buffer(refusal.head), ignored);
}

}  // namespace ttmesh::mesh
