#include "sim/disturbance.hpp"

#include <algorithm>
#include <bit>

#include "sim/philox.hpp"
#include "sim/wide.hpp"

namespace ttmesh::sim {
namespace {

using Key = std::array<std::uint32_t, 2>;
using Words = std::array<std::uint32_t, 4>;

// Probabilities are fixed-point numbers with kOne for 1, which keeps products within a Wide.
constexpr int kBits = 63;
constexpr Wide kOne = Wide{1} << kBits;

constexpr std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
constexpr std::uint32_t high(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32);
}

Words draw(const Key& key, TransferId id, std::uint32_t index) {
  return philox4x32({low(id.command), high(id.command), id.step, index}, key);
}

/// Uniform in 0 .. kOne - 1.
Wide uniform(const Words& words) {
  return static_cast<Wide>(((std::uint64_t{words[1]} << 32) | words[0]) >> 1);
}

Wide product(Wide a, Wide b) { return a * b >> kBits; }

/// Packets that come through before the next loss. The gap is at least n with probability
/// through^n, so it is the greatest n whose power of `through` exceeds a uniform draw; n is found
/// bit by bit, from the powers with exponents 1, 2, 4 ...
class Gaps {
 public:
  Gaps(Wide through, std::int64_t packets)
      : bits_(static_cast<int>(std::bit_width(static_cast<std::uint64_t>(packets)))) {
    powers_[0] = through;
    for (int bit = 1; bit < bits_; ++bit) {
      const auto at = static_cast<std::size_t>(bit);
      powers_[at] = product(powers_[at - 1], powers_[at - 1]);
    }
  }

  /// At most 2^bits - 1, which is at least the number of packets.
  std::int64_t next(Wide drawn) const {
    std::int64_t gap = 0;
    Wide power = kOne;
    for (int bit = bits_ - 1; bit >= 0; --bit) {
      const Wide longer = product(power, powers_[static_cast<std::size_t>(bit)]);
      if (drawn >= longer) continue;
      power = longer;
      gap += std::int64_t{1} << bit;
    }
    return gap;
  }

 private:
  int bits_;
  std::array<Wide, 64> powers_;
};

Wide square_root(Wide value) {
  Wide root = 0;
  for (Wide bit = Wide{1} << 62; bit > 0; bit >>= 1) {
    if ((root + bit) * (root + bit) <= value) root += bit;
  }
  return root;
}

/// The losses before `packets` packets have come through, when there are many.
std::int64_t draw_many(Wide mean, Wide variance, const Key& key, TransferId id) {
  constexpr int kDraws = 12;                   // Their sum has a variance of 1.
  constexpr std::uint32_t kIndex = 1U << 31U;  // Apart from those of gaps.
  Wide sum = 0;
  for (std::uint32_t index = 0; index < kDraws / 4; ++index) {
    for (const std::uint32_t word : draw(key, id, kIndex + index)) sum += word;
  }
  const Wide deviate = sum - (Wide{kDraws / 2} << 32);
  constexpr int kFraction = 10;
  const Wide deviation = square_root(variance << (2 * kFraction));
  return narrow("draw_losses", std::max<Wide>(0, mean + (deviation * deviate >> (32 + kFraction))));
}

}  // namespace

ChannelKey channel_key(std::uint64_t seed, std::int32_t from, std::int32_t to,
                       std::int32_t channel) {
  const Words words = philox4x32({static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to),
                                  static_cast<std::uint32_t>(channel), 0},
                                 {low(seed), high(seed)});
  return {.jitter = {words[0], words[1]}, .loss = {words[2], words[3]}};
}

Time draw_jitter(Time greatest, const ChannelKey& key, TransferId id, std::int64_t packet) {
  if (greatest <= Time()) return {};
  const Wide drawn = uniform(draw(key.jitter, id, low(static_cast<std::uint64_t>(packet))));
  return Time::picoseconds(narrow("draw_jitter", product(drawn, Wide{greatest.ps()} + 1)));
}

Losses draw_losses(Ratio loss, const ChannelKey& key, TransferId id, std::int64_t packets) {
  if (loss.num <= 0 || packets <= 0) return {};
  constexpr int kMostGaps = 256;
  const Wide lost = kOne / loss.den * loss.num + kOne % loss.den * loss.num / loss.den;
  const Wide through = kOne - lost;
  const Wide mean = packets * lost / through;
  const bool many = mean > kMostGaps;
  const Gaps gaps(through, many ? 1 : packets);
  Losses losses;
  // Gaps of nothing at the start are losses of the first packet.
  bool first = true;
  std::uint32_t index = 0;
  for (std::int64_t arrived = 0;; ++losses.total) {
    const std::int64_t gap = gaps.next(uniform(draw(key.loss, id, index++)));
    arrived += gap;
    first = first && gap == 0;
    if (arrived >= packets || (many && !first)) break;
    if (first) ++losses.first;
  }
  if (!many) return losses;
  const Wide variance = mean * kOne / through;
  losses.total = std::max(losses.first, draw_many(mean, variance, key.loss, id));
  return losses;
}

Delays draw_delays(const Disturbance& disturbance, const ChannelKey& key, TransferId id,
                   std::int64_t packets, Time packet_time) {
  if (!disturbance.any()) return {};
  const Losses losses = draw_losses(disturbance.loss, key, id, packets);
  const Time recovery = disturbance.retransmit_timeout + packet_time;
  const std::int64_t last = std::max<std::int64_t>(packets, 1) - 1;
  return {.first_lost = scale(recovery, {losses.first, 1}),
          .lost = scale(recovery, {losses.total, 1}),
          .head = draw_jitter(disturbance.jitter, key, id, 0),
          .tail = draw_jitter(disturbance.jitter, key, id, last)};
}

}  // namespace ttmesh::sim
