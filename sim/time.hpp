#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace ttmesh::sim {

/// A point in virtual time, or a span of it: whole picoseconds, never floating point.
class Time {
 public:
  constexpr Time() = default;

  static constexpr Time picoseconds(std::int64_t count) { return Time(count); }
  static constexpr Time nanoseconds(std::int64_t count) { return Time(count * 1'000); }
  static constexpr Time microseconds(std::int64_t count) { return Time(count * 1'000'000); }

  constexpr Time& operator+=(Time other) {
    ps_ += other.ps_;
    return *this;
  }
  friend constexpr Time operator+(Time a, Time b) { return Time(a.ps_ + b.ps_); }
  friend constexpr Time operator-(Time a, Time b) { return Time(a.ps_ - b.ps_); }
  friend constexpr Time operator*(std::int64_t n, Time t) { return Time(n * t.ps_); }
  friend constexpr bool operator==(Time, Time) = default;
  friend constexpr std::strong_ordering operator<=>(Time a, Time b) { return a.ps_ <=> b.ps_; }

  constexpr std::int64_t ps() const { return ps_; }
  /// Whole nanoseconds, rounded up.
  constexpr std::int64_t ns() const { return ps_ / 1'000 + (ps_ % 1'000 > 0 ? 1 : 0); }

 private:
  constexpr explicit Time(std::int64_t ps) : ps_(ps) {}

  std::int64_t ps_ = 0;
};

/// A fractional factor, kept exact. `den` is positive.
struct Ratio {
  std::int64_t num = 1;
  std::int64_t den = 1;

  friend constexpr bool operator==(const Ratio&, const Ratio&) = default;
};

/// `t * factor`, rounded up to a picosecond.
/// Throws std::invalid_argument if the denominator is not positive or the result exceeds a Time.
[[nodiscard]] Time scale(Time t, Ratio factor);

/// How long `amount` units take at `per_second` units a second, rounded up to a picosecond.
/// Throws std::invalid_argument if `per_second` is not positive or the result exceeds a Time (106
/// days).
[[nodiscard]] Time time_for(std::int64_t amount, std::int64_t per_second);

/// Virtual microseconds with every digit that matters, as in "12", "12.34" or "0.000001".
[[nodiscard]] std::string microseconds_text(Time t);

}  // namespace ttmesh::sim
