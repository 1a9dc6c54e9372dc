#pragma once

#include <asio.hpp>

// Included by this folder's sources alone, so that asio does not spread.
namespace ttmesh::mesh {

/// Unix or TCP.
using StreamSocket = asio::generic::stream_protocol::socket;

/// A connected socket taken over from its number. Throws std::system_error if it is none.
[[nodiscard]] StreamSocket adopt_socket(asio::io_context& context, int socket);

}  // namespace ttmesh::mesh
