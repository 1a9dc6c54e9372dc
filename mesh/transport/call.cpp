#include "mesh/transport/call.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <string>
#include <utility>

#include "mesh/topology/error.hpp"
#include "mesh/transport/handshake.hpp"

namespace ttmesh::mesh {

Call::Call(Address address, Deadline deadline)
    : address_(std::move(address)), deadline_(deadline), socket_(context_) {}

Call::Call(Address address, int socket, Deadline deadline)
    : address_(std::move(address)), deadline_(deadline), socket_(adopt_socket(context_, socket)) {}

asio::error_code Call::connect() {
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

void Call::write(const Frame& frame) {
  require(await([&](auto done) { asio::async_write(socket_, asio::buffer(frame.head), done); }));
}

ReceivedHead Call::read(FrameKind kind, const FrameLimits& limits) {
  std::array<std::byte, kPreambleBytes> preamble_bytes{};
  read(asio::buffer(preamble_bytes));
  ReceivedHead head;
  try {
    head.preamble = decode_preamble(preamble_bytes, limits);
    head.header.resize(head.preamble.header_bytes);
    read(asio::buffer(head.header));
    if (head.preamble.kind == FrameKind::Refusal) {
      throw Error(ErrorCode::HostLost,
                  fmt::format("[dial] {} turned this host away: {}", to_string(address_),
                              decode_refusal(head.header)));
    }
    if (head.preamble.kind != kind || head.preamble.payload_bytes > 0) {
      throw std::invalid_argument(fmt::format("it sent a frame of kind {}, needs {}",
                                              static_cast<int>(head.preamble.kind),
                                              static_cast<int>(kind)));
    }
  } catch (const std::invalid_argument& error) {
    refuse(error.what());
  }
  return head;
}

void Call::await_end() {
  std::array<std::byte, kPreambleBytes> preamble_bytes{};
  const asio::error_code error =
      await([&](auto done) { asio::async_read(socket_, asio::buffer(preamble_bytes), done); });
  if (error == asio::error::eof || error == asio::error::connection_reset) return;
  require(error);
  try {
    const Preamble preamble = decode_preamble(preamble_bytes, kStrangerLimits);
    std::vector<std::byte> header(preamble.header_bytes);
    read(asio::buffer(header));
    throw Error(ErrorCode::HostLost, fmt::format("[dial] {} turned this host away: {}",
                                                 to_string(address_), decode_refusal(header)));
  } catch (const std::invalid_argument& wrong) {
    refuse(wrong.what());
  }
}

void Call::refuse(const char* why) const {
  throw Error(ErrorCode::HostLost,
              fmt::format("[dial] {} is no ttmesh host: {}", to_string(address_), why));
}

template <typename Endpoint>
asio::error_code Call::connect_to(const Endpoint& endpoint) {
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
asio::error_code Call::await(const Start& start) {
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

void Call::read(asio::mutable_buffer bytes) {
  require(await([&](auto done) { asio::async_read(socket_, bytes, done); }));
}

void Call::require(const asio::error_code& error) const {
  if (!error) return;
  throw Error(ErrorCode::HostLost,
              fmt::format("[dial] {} does not answer: {}; is it a ttmesh host of this run?",
                          to_string(address_), error.message()));
}

}  // namespace ttmesh::mesh
