#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "mesh/transport/frame.hpp"

namespace ttmesh::mesh {

/// Who a host is, and what it must have in common with the others.
struct Identity {
  int rank = 0;
  int hosts = 1;
  std::string topology_digest;
  std::string cpu_path;        ///< Values are reproducible on one path alone.
  std::string onednn_version;  ///< Likewise.
  std::string token;           ///< The secret of the run; empty: none, on Unix sockets only.
};

/// What a connection is for.
enum class Purpose : std::uint8_t {
  Messages,
  Heartbeats,
  Place,  ///< To give a host, or get from rank 0, an assignment.
};

/// The first frame of a connection, and what answers it.
struct Hello {
  Identity identity;
  Purpose channel = Purpose::Messages;
  std::uint64_t window_bytes = 0;  ///< Credit of each stream that the sender grants.
  std::string address;             ///< Where the sender listens; empty: nowhere.
  std::uint16_t version = kProtocolVersion;
};

[[nodiscard]] Frame encode_hello(FrameKind kind, const Hello& hello);
/// Throws std::invalid_argument if the bytes are no Hello.
[[nodiscard]] Hello decode_hello(const Preamble& preamble, std::span<const std::byte> header);

[[nodiscard]] Frame encode_refusal(std::string_view why);
/// Throws std::invalid_argument if the bytes are no refusal.
[[nodiscard]] std::string decode_refusal(std::span<const std::byte> header);

/// Whether both are the same; takes as long for any two texts of the lengths.
[[nodiscard]] bool constant_time_equal(std::string_view a, std::string_view b);

/// 128 random bits from the system, as 32 hexadecimal digits.
[[nodiscard]] std::string make_token();

/// Which peers a host has, and may still get.
struct Guests {
  std::set<int> connected;     ///< Whose messages are carried.
  std::set<int> beating;       ///< Of these, whose heartbeats are.
  std::set<int> gone;          ///< Were connected once.
  bool closed = false;         ///< Nobody else is let in.
  bool place_is_free = false;  ///< To give to a host that asks for one.
};

/// Why hosts cannot work together, whatever their ranks: version, token, CPU path, oneDNN. Until
/// the token fits, the reason tells nothing about `self` but its protocol version.
[[nodiscard]] std::optional<std::string> mismatch(const Identity& self, const Hello& guest);

/// Why `self` turns `guest` away, a mismatch or another reason; nothing if it may come in.
[[nodiscard]] std::optional<std::string> objection(const Identity& self, const Hello& guest,
                                                   const Guests& guests);

}  // namespace ttmesh::mesh
