#include "sim/setting.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "sim/quantity.hpp"
#include "sim/wide.hpp"

namespace ttmesh::sim {
namespace {

[[noreturn]] void reject(std::string_view text, std::string_view why) {
  throw std::invalid_argument(fmt::format("[set] '{}': {}", text, why));
}

constexpr std::string_view kSelectors =
    "link, link(A-B), link(axis:0), link(axis:1), chip, chip(N), host";

int parse_index(std::string_view text, std::string_view digits, std::string_view what) {
  const std::optional<int> index = parse_count(digits);
  if (!index) reject(text, fmt::format("{} is '{}', a whole number is needed", what, digits));
  return *index;
}

Selector parse_selector(std::string_view text, std::string_view selector) {
  const std::size_t open = selector.find('(');
  const std::string_view noun = selector.substr(0, open);
  Selector result;
  if (noun == "link") {
    result.kind = Selector::Kind::Link;
  } else if (noun == "chip") {
    result.kind = Selector::Kind::Chip;
  } else if (noun == "host") {
    result.kind = Selector::Kind::Host;
  } else {
    reject(text, fmt::format("'{}' selects nothing; the selectors are {}", selector, kSelectors));
  }
  if (open == std::string_view::npos) return result;
  if (selector.back() != ')') {
    reject(text, fmt::format("selector '{}' has no closing parenthesis at its end", selector));
  }
  const std::string_view inside = selector.substr(open + 1, selector.size() - open - 2);
  constexpr std::string_view kAxis = "axis:";
  const std::size_t dash = inside.find('-');
  if (result.kind == Selector::Kind::Chip) {
    result.which = Selector::One{parse_index(text, inside, "the chip")};
  } else if (result.kind == Selector::Kind::Link && inside.starts_with(kAxis)) {
    const int axis = parse_index(text, inside.substr(kAxis.size()), "the axis");
    if (axis > 1) reject(text, fmt::format("the axis is {}, a mesh has axes 0 and 1", axis));
    result.which = Selector::Axis{axis};
  } else if (result.kind == Selector::Kind::Link && dash != std::string_view::npos) {
    const Selector::Pair pair{parse_index(text, inside.substr(0, dash), "the first chip"),
                              parse_index(text, inside.substr(dash + 1), "the second chip")};
    if (pair.a == pair.b) reject(text, "the link joins a chip to itself, two chips are needed");
    result.which = pair;
  } else {
    reject(text, fmt::format("'{}' selects nothing; the selectors are {}", selector, kSelectors));
  }
  return result;
}

/// What the field of a selector holds.
enum class Kind { Time, Rate, Factor, Dispatch };

Kind kind_of(std::string_view text, Selector::Kind selector, std::string_view field) {
  std::string_view accepted;
  switch (selector) {
    case Selector::Kind::Link:
      if (field == "latency") return Kind::Time;
      if (field == "bandwidth") return Kind::Rate;
      accepted = "link has latency and bandwidth";
      break;
    case Selector::Kind::Chip:
      if (field == "slowdown") return Kind::Factor;
      accepted = "chip has slowdown";
      break;
    case Selector::Kind::Host:
      if (field == "dispatch") return Kind::Dispatch;
      accepted = "host has dispatch";
      break;
  }
  reject(text, fmt::format("no field is called '{}'; {}", field, accepted));
}

template <typename T>
T required(std::string_view text, std::optional<T> value, std::string_view found,
           std::string_view accepted) {
  if (!value) reject(text, fmt::format("the value is '{}', {} is needed", found, accepted));
  return *value;
}

Time parse_time_value(std::string_view text, std::string_view value) {
  return required(text, parse_time(value), value,
                  "a time such as 2us or 0.5ns (units ps, ns, us, ms, s)");
}

void parse_value(Setting& setting, Kind kind, std::string_view value) {
  const std::string_view text = setting.text;
  if (value.empty()) reject(text, "the value is missing after '='");
  if (kind == Kind::Dispatch && (value == "traced" || value == "untraced")) {
    setting.value = std::string(value);
    return;
  }
  if (value.front() == 'x') {
    setting.operation = Setting::Operation::Scale;
    setting.value =
        required(text, parse_ratio(value.substr(1)), value, "a factor such as x2, x0.5 or x3/2");
    return;
  }
  const bool minus = value.front() == '-';
  std::string_view amount = value;
  if (minus || value.front() == '+') {
    setting.operation = Setting::Operation::Add;
    amount = value.substr(1);
  }
  const std::int64_t sign = minus ? -1 : 1;
  switch (kind) {
    case Kind::Time:
      setting.value = sign * parse_time_value(text, amount);
      break;
    case Kind::Dispatch:
      setting.value = sign * required(text, parse_time(amount), value,
                                      "traced, untraced, or a time such as 2us (units ps, ns, us, "
                                      "ms, s)");
      break;
    case Kind::Rate:
      setting.value = sign * required(text, parse_rate(amount), value,
                                      "a rate such as 12.5GB/s or 100Gb/s (units B/s, kB/s, MB/s, "
                                      "GB/s, b/s, kb/s, Mb/s, Gb/s)");
      break;
    case Kind::Factor: {
      Ratio factor = required(text, parse_ratio(amount), value, "a factor such as 2, 0.5 or 3/2");
      factor.num *= sign;
      setting.value = factor;
      break;
    }
  }
}

template <typename T>
const T& value_of(const Setting& setting, std::string_view wanted) {
  const T* value = std::get_if<T>(&setting.value);
  if (value == nullptr) reject(setting.text, fmt::format("{} is needed here", wanted));
  return *value;
}

}  // namespace

Setting parse_setting(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    reject(text, "there is no '='; SELECTOR.FIELD=VALUE is needed, as in link.latency=+2us");
  }
  const std::string_view target = text.substr(0, equals);
  const std::size_t dot = target.rfind('.');
  if (dot == std::string_view::npos) {
    reject(text, fmt::format("'{}' names no field; SELECTOR.FIELD=VALUE is needed, as in "
                             "link.latency=+2us",
                             target));
  }
  Setting setting;
  setting.text = text;
  setting.selector = parse_selector(text, target.substr(0, dot));
  setting.field = target.substr(dot + 1);
  parse_value(setting, kind_of(text, setting.selector.kind, setting.field),
              text.substr(equals + 1));
  return setting;
}

Time apply(const Setting& setting, Time value) {
  Time result;
  switch (setting.operation) {
    case Setting::Operation::Set:
      result = value_of<Time>(setting, "a time");
      break;
    case Setting::Operation::Add:
      result = Time::picoseconds(
          narrow("set", Wide{value.ps()} + value_of<Time>(setting, "a time").ps()));
      break;
    case Setting::Operation::Scale:
      result = scale(value, value_of<Ratio>(setting, "a factor"));
      break;
  }
  if (result < Time()) {
    reject(setting.text, fmt::format("the result is {} us, a time must not be negative",
                                     microseconds_text(result)));
  }
  return result;
}

std::int64_t apply_rate(const Setting& setting, std::int64_t bytes_per_s) {
  constexpr std::string_view kRate = "a rate";
  Wide result = 0;
  switch (setting.operation) {
    case Setting::Operation::Set:
      result = value_of<std::int64_t>(setting, kRate);
      break;
    case Setting::Operation::Add:
      result = Wide{bytes_per_s} + value_of<std::int64_t>(setting, kRate);
      break;
    case Setting::Operation::Scale: {
      const Ratio& factor = value_of<Ratio>(setting, "a factor");
      result = Wide{bytes_per_s} * factor.num / factor.den;
      break;
    }
  }
  const std::int64_t rate = narrow("set", result);
  if (rate <= 0) {
    reject(setting.text, fmt::format("the result is {} B/s, a rate must be positive", rate));
  }
  return rate;
}

Ratio apply_factor(const Setting& setting, Ratio factor) {
  const Ratio& value = value_of<Ratio>(setting, "a factor");
  Wide num = value.num;
  Wide den = value.den;
  if (setting.operation == Setting::Operation::Add) {
    num = Wide{factor.num} * value.den + Wide{value.num} * factor.den;
    den = Wide{factor.den} * value.den;
  } else if (setting.operation == Setting::Operation::Scale) {
    num = Wide{factor.num} * value.num;
    den = Wide{factor.den} * value.den;
  }
  const Ratio result = reduced("set", num, den);
  if (result.num <= 0) {
    reject(setting.text,
           fmt::format("the result is {}/{}, a factor must be positive", result.num, result.den));
  }
  return result;
}

Time apply_dispatch(const Setting& setting, const HostModel& host) {
  if (const auto* word = std::get_if<std::string>(&setting.value)) {
    return *word == "traced" ? host.traced_dispatch : host.untraced_dispatch;
  }
  return apply(setting, host.dispatch);
}

}  // namespace ttmesh::sim
