#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sim/time.hpp"

namespace ttmesh::sim {

/// Numbers with units as users type them, read exactly. Each gives nothing if the text is of
/// another form, if the number does not fit, or if it is no whole multiple of the smallest unit.

/// "0", "17": no sign, no more than nine digits.
[[nodiscard]] std::optional<int> parse_count(std::string_view text);

/// "2", "0.5", "3/2": not negative, up to 18 digits.
[[nodiscard]] std::optional<Ratio> parse_ratio(std::string_view text);

/// "0.001", "1e-3", "0.1%", "1/1000": not negative, at most 1, of at most 18 decimal places.
[[nodiscard]] std::optional<Ratio> parse_probability(std::string_view text);

/// "2us", "0.5ns": units ps, ns, us, ms, s.
[[nodiscard]] std::optional<Time> parse_time(std::string_view text);

/// "12.5GB/s", "100Gb/s" in bytes per second: units B/s, kB/s, MB/s, GB/s, b/s, kb/s, Mb/s, Gb/s.
[[nodiscard]] std::optional<std::int64_t> parse_rate(std::string_view text);

}  // namespace ttmesh::sim
