#include "mesh/transport/stream_socket.hpp"

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <utility>

namespace ttmesh::mesh {
namespace {

/// Both ends of a TCP connection within this machine, by their numbers.
std::array<int, 2> connection_to(asio::io_context& context, const asio::ip::address& address) {
  asio::ip::tcp::acceptor acceptor(context, {address, 0});
  asio::ip::tcp::socket caller(context);
  caller.connect(acceptor.local_endpoint());
  return {caller.release(), acceptor.accept().release()};
}

std::string congestion_control_of(StreamSocket& socket) {
  std::array<char, 16> name{};
  socklen_t length = name.size();
  EXPECT_EQ(getsockopt(socket.native_handle(), IPPROTO_TCP, TCP_CONGESTION, name.data(), &length),
            0);
  return name.data();
}

TEST(StreamSocket, PacesNothingWithinAMachine) {
  asio::io_context context;
  for (const int socket : connection_to(context, asio::ip::address_v4::loopback())) {
    StreamSocket adopted = adopt_socket(context, socket);
    EXPECT_EQ(congestion_control_of(adopted), "reno");
  }
}

TEST(StreamSocket, PacesNothingWithinAMachineByIpv6) {
  asio::io_context context;
  asio::error_code error;
  asio::ip::tcp::acceptor probe(context);
  probe.open(asio::ip::tcp::v6(), error);
  if (!error) probe.bind({asio::ip::address_v6::loopback(), 0}, error);
  if (error) GTEST_SKIP() << "no IPv6 here: " << error.message();
  for (const int socket : connection_to(context, asio::ip::address_v6::loopback())) {
    StreamSocket adopted = adopt_socket(context, socket);
    EXPECT_EQ(congestion_control_of(adopted), "reno");
  }
}

TEST(StreamSocket, DelaysNoMessage) {
  asio::io_context context;
  for (const int socket : connection_to(context, asio::ip::address_v4::loopback())) {
    StreamSocket adopted = adopt_socket(context, socket);
    asio::ip::tcp::no_delay option;
    adopted.get_option(option);
    EXPECT_TRUE(option.value());
  }
}

TEST(StreamSocket, RefusesWhatIsNoSocket) {
  asio::io_context context;
  EXPECT_THROW((void)adopt_socket(context, -1), std::system_error);
}

}  // namespace
}  // namespace ttmesh::mesh
