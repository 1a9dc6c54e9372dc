#include "mesh/transport/handshake.hpp"

#include <fmt/format.h>

#include <array>
#include <msgpack.hpp>
#include <random>
#include <stdexcept>
#include <vector>

#include "mesh/program/elements.hpp"
#include "mesh/transport/address.hpp"

namespace ttmesh::mesh {
namespace {

std::optional<std::string> difference(const char* what, const std::string& mine,
                                      const std::string& theirs, const char* fix) {
  if (mine == theirs) return std::nullopt;
  return fmt::format("{} '{}' differs from this host's '{}': {}", what, theirs, mine, fix);
}

}  // namespace

Frame encode_hello(FrameKind kind, const Hello& hello) {
  msgpack::sbuffer buffer;
  Packer out(buffer);
  out.pack_array(9);
  out.pack(hello.identity.rank);
  out.pack(hello.identity.hosts);
  out.pack(hello.identity.topology_digest);
  out.pack(hello.identity.cpu_path);
  out.pack(hello.identity.onednn_version);
  out.pack(hello.identity.token);
  out.pack(static_cast<int>(hello.channel));
  out.pack(hello.window_bytes);
  out.pack(hello.address);
  const std::vector<std::byte> header = bytes_of(buffer);
  Frame frame = make_frame(kind, header);
  const auto preamble = encode(Preamble{.kind = kind,
                                        .header_bytes = static_cast<std::uint32_t>(header.size()),
                                        .version = hello.version});
  std::copy(preamble.begin(), preamble.end(), frame.head.begin());
  return frame;
}

Hello decode_hello(const Preamble& preamble, std::span<const std::byte> header) {
  Hello hello;
  hello.version = preamble.version;
  if (preamble.version != kProtocolVersion) return hello;  // Whatever else it says.
  return decode("handshake", header, [&hello](const msgpack::object& root) {
    Elements elements(root, 9);
    hello.identity.rank = elements.next_as<int>();
    hello.identity.hosts = elements.next_as<int>();
    hello.identity.topology_digest = elements.next_as<std::string>();
    hello.identity.cpu_path = elements.next_as<std::string>();
    hello.identity.onednn_version = elements.next_as<std::string>();
    hello.identity.token = elements.next_as<std::string>();
    hello.channel = enum_from(elements.next(), Purpose::Place);
    hello.window_bytes = elements.next_as<std::uint64_t>();
    hello.address = elements.next_as<std::string>();
    if (!hello.address.empty()) (void)parse_address(hello.address);
    if (hello.window_bytes == 0) throw std::invalid_argument("it takes no messages");
    return hello;
  });
}

Frame encode_refusal(std::string_view why) {
  msgpack::sbuffer buffer;
  Packer out(buffer);
  out.pack_array(1);
  out.pack(why);
  return make_frame(FrameKind::Refusal, bytes_of(buffer));
}

std::string decode_refusal(std::span<const std::byte> header) {
  return decode("refusal", header, [](const msgpack::object& root) {
    return Elements(root, 1).next_as<std::string>();
  });
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  // Goes over all of `b`, the stranger's, whatever `a` is.
  volatile unsigned difference = a.size() == b.size() ? 0U : 1U;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const char own = a.empty() ? '\0' : a[i % a.size()];
    difference = difference | static_cast<unsigned>(static_cast<unsigned char>(own ^ b[i]));
  }
  return difference == 0;
}

std::string make_token() {
  std::random_device random;
  std::string token;
  for (int i = 0; i < 4; ++i) token += fmt::format("{:08x}", random());
  return token;
}

std::optional<std::string> mismatch(const Identity& self, const Hello& guest) {
  if (guest.version != kProtocolVersion) {
    return fmt::format(
        "it speaks protocol version {}, this host {}: run the same ttmesh on all hosts",
        guest.version, kProtocolVersion);
  }
  if (!constant_time_equal(self.token, guest.identity.token)) {
    return "its token is not that of this run: pass the same one to all hosts";
  }
  if (auto found = difference("its CPU path", self.cpu_path, guest.identity.cpu_path,
                              "values would depend on the host; use machines of one kind")) {
    return found;
  }
  return difference("its oneDNN", self.onednn_version, guest.identity.onednn_version,
                    "values would depend on the host; install the same version");
}

std::optional<std::string> objection(const Identity& self, const Hello& guest,
                                     const Guests& guests) {
  if (auto found = mismatch(self, guest)) return found;
  if (guest.channel == Purpose::Place) {
    if (guests.closed) return "it comes too late: all hosts of the run are there";
    if (guests.place_is_free) return std::nullopt;
    return "it asks for a place, and none is free: rank 0 gives as many as --hosts says, and only "
           "with --listen";
  }
  const int rank = guest.identity.rank;
  if (guest.identity.hosts != self.hosts) {
    return fmt::format("it expects {} hosts, this host {}: start all with the same number",
                       guest.identity.hosts, self.hosts);
  }
  if (rank < 0 || rank >= self.hosts || rank == self.rank) {
    return fmt::format("it has rank {}, needs one below {} other than {}", rank, self.hosts,
                       self.rank);
  }
  if (auto found = difference("its topology", self.topology_digest, guest.identity.topology_digest,
                              "give all hosts the same file and settings")) {
    return found;
  }
  if (guests.closed) return "it comes too late: this host no longer waits for others";
  if (guests.gone.contains(rank)) {
    return fmt::format("rank {} was connected before and is gone: start the run again", rank);
  }
  if (guest.channel == Purpose::Messages && guests.connected.contains(rank)) {
    return fmt::format("rank {} is connected already: give every host a rank of its own", rank);
  }
  if (guest.channel == Purpose::Heartbeats &&
      (!guests.connected.contains(rank) || guests.beating.contains(rank))) {
    return fmt::format("rank {} has no need of a connection for heartbeats", rank);
  }
  return std::nullopt;
}

}  // namespace ttmesh::mesh
