#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mesh/program/generator.hpp"
#include "mesh/tensor/region.hpp"
#include "mesh/tensor/shard.hpp"
#include "mesh/topology/line.hpp"
#include "sim/collective_model.hpp"

namespace ttmesh::mesh {

/// A direction of travel, with the workers that feed it: along a line Forward is from chip i to
/// chip i + 1. Traffic that turns corners uses all four: forward and backward along a row, down and
/// up along a column.
enum class Lane : std::uint8_t { Forward, Backward, Down, Up };

inline constexpr std::size_t kLaneCount = 4;

/// What one chip does next in a collective. A chip takes its steps in order; virtual time follows
/// what they need, so steps on different lanes overlap.
///
/// Slots are a command's working set: pieces of the input, pieces received, pieces of the output.
struct Step {
  enum class Kind : std::uint8_t {
    Signal,   ///< Tell `peer` that this chip, and all that signalled it on `lane`, have started.
    Await,    ///< Wait for `peer`'s signal; payloads on `lane` may leave after it.
    Join,     ///< Payloads on `lane` may leave no sooner than those on `other`.
    Send,     ///< Send `slot` to `peer` on `lane`; a reduction worker leaves it empty.
    Receive,  ///< Wait for the chunk that `peer` sends on `lane` in `round`; it becomes `slot`.
    Reduce,   ///< `slot` += `source`, rounded to the payload's dtype; leaves `source` empty.
    Copy,  ///< The lane's workers, one a link, copy `source` to `slot` locally: in turn with what
           ///< they send if the engine is Relay, else if the model says so.
  };

  Kind kind = Kind::Send;
  Lane lane = Lane::Forward;
  Lane other = Lane::Forward;
  sim::Engine engine = sim::Engine::Router;
  ChipId peer = -1;
  std::int32_t slot = -1;
  std::int32_t source = -1;
  std::int32_t round = 0;  ///< Send and Receive of one chunk agree on (lane, round).

  friend constexpr bool operator==(const Step&, const Step&) = default;
};

/// "send slot 3 to chip 5 forward round 2 (relay)"
[[nodiscard]] std::string to_string(const Step& step);

/// How a collective uses a chip's slots.
struct SlotPlan {
  int dim = 0;            ///< Tensor dim along which the input is cut into slices.
  int join_dim = -1;      ///< Tensor dim along which slices are joined; -1: `dim`.
  int parts = 1;          ///< Each slice is cut further into this many slots, by whole pages.
  int slots = 0;          ///< Slots in all.
  int input_first = 0;    ///< The input fills slots from here:
  int input_slices = 0;   ///< `input_slices * parts` of them; 0 if the chip brings none.
  bool whole = false;     ///< Each of them is all of the input rather than a slice of it.
  int output_first = 0;   ///< The output is joined from slots from here:
  int output_slices = 0;  ///< `output_slices * parts` of them; 0 if the chip keeps none.
};

/// One chip's part in a collective.
struct StepPlan {
  SlotPlan slots;
  int num_links = 1;   ///< Channels 0 .. num_links-1 to each neighbour, side by side.
  bool ring = false;   ///< The line is closed.
  bool relay = false;  ///< Nothing runs on the chip: its routers pass traffic on. What it holds
                       ///< of the output is its input.
  std::optional<std::int64_t> packet_bytes{};  ///< Packets other than the link's.
  /// Payload bytes of each input slot, where they depend on values; nothing if the inputs have
  /// none.
  std::function<std::vector<std::int64_t>(std::span<const Shard> inputs)> payload_bytes{};
  /// Makes the output of the pieces in its slots; they are joined if unset.
  std::function<Shard(std::span<const Piece> pieces, std::span<const Shard> inputs)> assemble{};
  Generator<Step> steps;  ///< Made one at a time, on the host that owns the chip.
};

}  // namespace ttmesh::mesh
