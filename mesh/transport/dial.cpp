#include "mesh/transport/dial.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/transport/call.hpp"
#include "mesh/transport/frame.hpp"
#include "mesh/transport/stream_socket.hpp"

namespace ttmesh::mesh {
namespace {

constexpr std::chrono::milliseconds kRetry{20};

// Whoever listens there may not have come so far.
bool may_come_yet(const asio::error_code& error) {
  const asio::error_code no_socket(ENOENT, asio::error::get_system_category());
  return error == asio::error::connection_refused || error == no_socket;
}

}  // namespace

DialedHost dial(const Address& address, const Hello& hello,
                std::chrono::steady_clock::time_point deadline) {
  Call call(address, deadline);
  for (asio::error_code error = call.connect(); error; error = call.connect()) {
    if (!may_come_yet(error) || std::chrono::steady_clock::now() + kRetry > deadline) {
      throw Error(ErrorCode::HostLost,
                  fmt::format("[dial] no host can be reached at {}: {}; start it, or "
                              "correct the address",
                              to_string(address), error.message()));
    }
    std::this_thread::sleep_for(kRetry);
  }
  call.write(encode_hello(FrameKind::Hello, hello));
  const ReceivedHead head = call.read(FrameKind::Welcome, kStrangerLimits);
  try {
    const Hello host = decode_hello(head.preamble, head.header);
    return {.socket = call.release(), .hello = host};
  } catch (const std::invalid_argument& error) {
    call.refuse(error.what());
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
