#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>

#include "mesh/transport/assignment.hpp"
#include "mesh/transport/credit.hpp"
#include "mesh/transport/frame_reader.hpp"
#include "mesh/transport/handshake.hpp"

// What a connection does with the bytes of a peer, and a greeter with those of a stranger.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ttmesh::mesh;  // NOLINT(google-build-using-namespace)
  FrameReader reader({.header_bytes = 1U << 16U, .payload_bytes = 1U << 20U});
  std::span<const std::uint8_t> left(data, size);
  try {
    while (!left.empty()) {
      std::size_t put = 0;
      for (const std::span<std::byte>& span : reader.room()) {
        const std::size_t count = std::min(span.size(), left.size());
        if (count > 0) std::memcpy(span.data(), left.data(), count);
        left = left.subspan(count);
        put += count;
      }
      reader.took(put);
      while (const auto frame = reader.next()) {
        if (frame->message) {
          (void)stream_of(*frame->message);
          (void)encode(*frame->message);
        } else if (frame->preamble.kind == FrameKind::Credit) {
          (void)decode_credit(frame->header);
        } else if (frame->preamble.kind == FrameKind::Refusal) {
          (void)decode_refusal(frame->header);
        } else if (frame->preamble.kind == FrameKind::Assignment) {
          (void)decode_assignment(frame->header);
        } else {
          (void)decode_hello(frame->preamble, frame->header);
        }
      }
    }
  } catch (const std::invalid_argument&) {
    // Refused, as most inputs should be; anything else that is thrown ends the run.
  }
  return 0;
}
