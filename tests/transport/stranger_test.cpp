#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <asio.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "mesh/transport/endpoint.hpp"
#include "mesh/transport/message_codec.hpp"
#include "tests/transport/host.hpp"
#include "tests/transport/sample_messages.hpp"

namespace ttmesh::mesh {
namespace {

using testing::HasSubstr;
using Socket = asio::local::stream_protocol::socket;

/// Somebody at a host's socket who may say anything.
class Stranger {
 public:
  explicit Stranger(const Address& address) : socket_(context_) {
    socket_.connect(asio::local::stream_protocol::endpoint(address.name));
  }

  // Until the other side closes.
  void say(const std::vector<std::byte>& bytes) {
    asio::error_code ended;
    asio::write(socket_, asio::buffer(bytes), ended);
  }
  void say(const Frame& frame) { say(flattened(frame)); }

  std::pair<Preamble, std::vector<std::byte>> hear() {
    std::array<std::byte, kPreambleBytes> bytes{};
    asio::read(socket_, asio::buffer(bytes));
    const Preamble preamble = decode_preamble(bytes, {});
    std::vector<std::byte> header(preamble.header_bytes);
    asio::read(socket_, asio::buffer(header));
    return {preamble, header};
  }

  void leave() { socket_.close(); }

 private:
  asio::io_context context_;
  Socket socket_;
};

Hello good_hello() { return {.identity = options_of(1, 2).identity, .window_bytes = 1 << 20}; }

class Strangers : public testing::Test {
 protected:
  explicit Strangers(const TransportOptions& options = options_of(0, 2)) : host(options) {
    address = host.endpoint().listen(sockets.address(0));
  }

  std::string refusal() {
    EXPECT_TRUE(host.await_refusals(1));
    return host.refusals().front();
  }
  std::string loss() {
    EXPECT_TRUE(host.await_losses(1));
    return host.losses().front().why;
  }
  // A proper host may still come in.
  void expect_open() {
    Host guest(options_of(1, 2));
    guest.endpoint().connect(0, address);
    host.endpoint().await_peers(kPatience);
  }

  SocketDirectory sockets;
  Host host;
  Address address;
};

TEST_F(Strangers, GarbageIsRefused) {
  std::mt19937 random(1);
  std::vector<std::byte> garbage(100'000);
  for (std::byte& byte : garbage) byte = static_cast<std::byte>(random());
  Stranger stranger(address);
  stranger.say(garbage);
  EXPECT_THAT(refusal(), HasSubstr("no ttmesh host"));
  expect_open();
}

TEST_F(Strangers, ALongHeaderIsRefusedBeforeItComes) {
  const auto bytes = encode(Preamble{.kind = FrameKind::Hello, .header_bytes = 1U << 30U});
  Stranger stranger(address);
  stranger.say(std::vector<std::byte>(bytes.begin(), bytes.end()));
  EXPECT_THAT(refusal(), HasSubstr("1073741824 header"));
  expect_open();
}

TEST_F(Strangers, MessagesWithoutAHandshakeAreRefused) {
  Stranger stranger(address);
  stranger.say(encode(Message(wire::ReportQuestion{})));
  EXPECT_THAT(refusal(), HasSubstr("its first frame"));
  expect_open();
}

TEST_F(Strangers, WhoeverGoesHalfwayIsForgotten) {
  Stranger stranger(address);
  const std::vector<std::byte> hello = flattened(encode_hello(FrameKind::Hello, good_hello()));
  stranger.say({hello.begin(), hello.begin() + 30});
  stranger.leave();
  EXPECT_THAT(refusal(), HasSubstr("went before"));
  expect_open();
}

TEST_F(Strangers, AnotherVersionIsToldSo) {
  Stranger stranger(address);
  Hello hello = good_hello();
  hello.version = 2;
  stranger.say(encode_hello(FrameKind::Hello, hello));
  const auto [preamble, header] = stranger.hear();
  EXPECT_EQ(preamble.kind, FrameKind::Refusal);
  EXPECT_THAT(decode_refusal(header), HasSubstr("version 2, this host 1"));
  EXPECT_THAT(refusal(), HasSubstr("version 2, this host 1"));
  expect_open();
}

class ImpatientHost : public Strangers {
 protected:
  static TransportOptions options() {
    TransportOptions options = options_of(0, 2);
    options.handshake_bound = std::chrono::milliseconds(50);
    options.silence_bound = std::chrono::milliseconds(50);
    return options;
  }
  ImpatientHost() : Strangers(options()) {}
};

TEST_F(ImpatientHost, WhoeverSaysNothingIsTurnedAway) {
  const Stranger stranger(address);
  EXPECT_THAT(refusal(), HasSubstr("did not say who it is within"));
}

TEST_F(ImpatientHost, AHostWithoutHeartbeatsIsLost) {
  Stranger stranger(address);
  stranger.say(encode_hello(FrameKind::Hello, good_hello()));
  EXPECT_EQ(stranger.hear().first.kind, FrameKind::Welcome);
  EXPECT_THAT(loss(), HasSubstr("silent"));
}

TEST_F(Strangers, BrokenFramesAfterTheHandshakeLoseTheHostOnce) {
  Stranger stranger(address);
  stranger.say(encode_hello(FrameKind::Hello, good_hello()));
  EXPECT_EQ(stranger.hear().first.kind, FrameKind::Welcome);
  stranger.say(encode(Message(wire::ActivityProbe{3})));
  std::vector<std::byte> bytes = flattened(encode(Message(chunk_of(64, 0))));
  bytes[21] = std::byte{0xc1};
  stranger.say(bytes);
  EXPECT_THAT(loss(), HasSubstr("broke the protocol"));
  ASSERT_TRUE(host.await_arrivals(1));
  const auto [preamble, header] = stranger.hear();
  EXPECT_EQ(preamble.kind, FrameKind::Refusal);
  host.endpoint().close();
  EXPECT_EQ(host.losses().size(), 1U);
}

TEST_F(Strangers, AHostThatIgnoresItsCreditIsLost) {
  TransportOptions options = options_of(0, 2);
  options.window_bytes = 1000;
  const SocketDirectory own;
  Host slow(options, {.keep_receipts = true});
  Stranger stranger(slow.endpoint().listen(own.address(0)));
  stranger.say(encode_hello(FrameKind::Hello, good_hello()));
  EXPECT_EQ(stranger.hear().first.kind, FrameKind::Welcome);
  stranger.say(encode(Message(chunk_of(1000, 0))));
  stranger.say(encode(Message(chunk_of(1000, 1))));
  ASSERT_TRUE(slow.await_losses(1));
  EXPECT_THAT(slow.losses().front().why, HasSubstr("past its credit"));
}

TEST_F(Strangers, AHostThatEndsInAMessageIsLost) {
  Stranger stranger(address);
  stranger.say(encode_hello(FrameKind::Hello, good_hello()));
  EXPECT_EQ(stranger.hear().first.kind, FrameKind::Welcome);
  const std::vector<std::byte> bytes = flattened(encode(Message(chunk_of(1 << 20, 0))));
  stranger.say({bytes.begin(), bytes.begin() + 5000});
  stranger.leave();
  EXPECT_THAT(loss(), HasSubstr("without a goodbye"));
  EXPECT_TRUE(host.take_arrivals().empty());
}

TEST(StrangeHost, OfAnotherVersionIsNotJoined) {
  const SocketDirectory sockets;
  asio::io_context context;
  asio::local::stream_protocol::acceptor acceptor(
      context, asio::local::stream_protocol::endpoint(sockets.address(0).name));
  std::thread strange([&] {
    Socket socket = acceptor.accept();
    Hello hello = good_hello();
    hello.version = 7;
    hello.identity.rank = 0;
    asio::write(socket, asio::buffer(encode_hello(FrameKind::Welcome, hello).head));
    asio::error_code ended;
    std::array<std::byte, 1000> rest{};
    while (!ended) socket.read_some(asio::buffer(rest), ended);
  });
  Host host(options_of(1, 2));
  EXPECT_THAT([&] { host.endpoint().connect(0, sockets.address(0)); },
              testing::ThrowsMessage<Error>(HasSubstr("protocol version 7, this host 1")));
  strange.join();
}

}  // namespace
}  // namespace ttmesh::mesh
