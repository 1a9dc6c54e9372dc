#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "sim/selector.hpp"
#include "sim/system.hpp"
#include "sim/time.hpp"

namespace ttmesh::sim {

/// One perturbation of the machine: `link(0-1).latency=+2us`.
///
/// Fields:  link: latency (time), bandwidth (rate), channels (count), down (true, false),
///                jitter (time), loss (probability), retransmit_timeout (time);
///          chip: slowdown (factor on every op of the chip, and on its part in collectives);
///          host: dispatch (time, "traced" or "untraced").
/// Values:  `2us` sets, `+2us` and `-2us` add, `x2` scales (`x0.5`, `x3/2`).
///          `link(0->1)` has all but channels; `down` takes the link down both ways, as a link that
///          one end cannot hear does not train.
/// Units:   ps ns us ms s; B/s kB/s MB/s GB/s and b/s kb/s Mb/s Gb/s, powers of ten; a probability
///          as 0.001, 1e-3, 0.1% or 1/1000.
struct Setting {
  enum class Field : std::uint8_t {
    Latency,
    Bandwidth,
    Channels,
    Down,
    Jitter,
    Loss,
    RetransmitTimeout,
    Slowdown,
    Dispatch,
  };
  enum class Operation : std::uint8_t { Set, Add, Scale };
  enum class Dispatch : std::uint8_t { Traced, Untraced };
  /// Where a file says it.
  struct Origin {
    std::string file;
    int line = 0;
    std::string field;  ///< Path, for messages.
  };

  Selector selector;
  Field field = Field::Latency;
  Operation operation = Operation::Set;
  /// A rate in bytes/s and a count are integers; factors and probabilities are ratios.
  std::variant<Time, std::int64_t, Ratio, bool, Dispatch> value;
  std::string text;                ///< As typed, for messages.
  std::optional<Origin> origin{};  ///< Unset if it was typed as an argument.
};

/// Parses `SELECTOR.FIELD=VALUE`. Throws std::invalid_argument saying which part is wrong, what
/// was found, and what is accepted.
[[nodiscard]] Setting parse_setting(std::string_view text);

/// The setting of one field of `selector`, which was typed as `selector_text`: the parts of
/// `parse_setting`, which throws the same under a heading.
[[nodiscard]] Setting make_setting(std::string_view selector_text, const Selector& selector,
                                   std::string_view field, std::string_view value);

/// The setting applied to a value of its kind. Throws std::invalid_argument saying why if kinds
/// differ or the result is out of range: a negative time, a bandwidth or factor that is not
/// positive, a probability outside 0 to 1/2 (a link that loses more is as good as down), a count
/// outside 1 to `kMaxCount`. Rates and counts are rounded down.
[[nodiscard]] Time apply(const Setting& setting, Time value);
[[nodiscard]] std::int64_t apply_rate(const Setting& setting, std::int64_t bytes_per_s);
[[nodiscard]] int apply_count(const Setting& setting, int count);
[[nodiscard]] Ratio apply_factor(const Setting& setting, Ratio factor);
[[nodiscard]] Ratio apply_probability(const Setting& setting, Ratio probability);
[[nodiscard]] bool flag(const Setting& setting);

/// The host's dispatch cost after a `host.dispatch` setting, the words "traced" and "untraced"
/// included.
[[nodiscard]] Time apply_dispatch(const Setting& setting, const HostModel& host);

/// Channels between two chips that a setting may ask for.
inline constexpr int kMaxCount = 1'024;

}  // namespace ttmesh::sim
