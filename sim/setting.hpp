#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/system.hpp"
#include "sim/time.hpp"

namespace ttmesh::sim {

/// Which parts of the machine a setting is for.
struct Selector {
  enum class Kind : std::uint8_t { Link, Chip, Host };
  struct All {};
  struct Pair {  ///< `link(0-1)`: every channel between two chips, both directions.
    int a;
    int b;
  };
  struct Axis {  ///< `link(axis:0)`: links along a mesh axis.
    int cluster_axis;
  };
  struct One {  ///< `chip(5)`
    int chip;
  };

  Kind kind = Kind::Link;
  std::variant<All, Pair, Axis, One> which = All{};
};

/// One perturbation of the machine, as typed: `link(0-1).latency=+2us`.
///
/// Fields:  link: latency (time), bandwidth (bytes/s: "12.5GB/s", "100Gb/s");
///          chip: slowdown (factor on every op of the chip);
///          host: dispatch (time, "traced" or "untraced").
/// Values:  `2us` sets, `+2us` and `-2us` add, `x2` scales (`x0.5`, `x3/2`).
/// Units:   ps ns us ms s; B/s kB/s MB/s GB/s and b/s kb/s Mb/s Gb/s, powers of ten.
struct Setting {
  enum class Operation : std::uint8_t { Set, Add, Scale };

  Selector selector;
  std::string field;
  Operation operation = Operation::Set;
  std::variant<Time, std::int64_t, Ratio, std::string> value;  ///< Rate in bytes/s as integer.
  std::string text;  ///< What the user typed, for messages.
};

/// Parses `SELECTOR.FIELD=VALUE`. Throws std::invalid_argument saying which part is wrong, what
/// was found, and what is accepted.
[[nodiscard]] Setting parse_setting(std::string_view text);

/// The setting applied to a value of its kind. Throws std::invalid_argument if kinds differ or the
/// result is out of range (a negative time, a bandwidth or factor that is not positive). Rates are
/// rounded down to whole bytes per second.
[[nodiscard]] Time apply(const Setting& setting, Time value);
[[nodiscard]] std::int64_t apply_rate(const Setting& setting, std::int64_t bytes_per_s);
[[nodiscard]] Ratio apply_factor(const Setting& setting, Ratio factor);

/// The host's dispatch cost after a `host.dispatch` setting, the words "traced" and "untraced"
/// included.
[[nodiscard]] Time apply_dispatch(const Setting& setting, const HostModel& host);

}  // namespace ttmesh::sim
