#include "sim/setting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "sim/quantity.hpp"
#include "sim/wide.hpp"

namespace ttmesh::sim {
namespace {

using Field = Setting::Field;
using Operation = Setting::Operation;

/// What a field holds.
enum class Kind { Time, Rate, Count, Flag, Probability, Factor, Dispatch };

struct FieldName {
  Selector::Kind owner;
  std::string_view name;
  Field field;
  Kind kind;
};

constexpr FieldName kFields[] = {
    {Selector::Kind::Link, "latency", Field::Latency, Kind::Time},
    {Selector::Kind::Link, "bandwidth", Field::Bandwidth, Kind::Rate},
    {Selector::Kind::Link, "channels", Field::Channels, Kind::Count},
    {Selector::Kind::Link, "down", Field::Down, Kind::Flag},
    {Selector::Kind::Link, "jitter", Field::Jitter, Kind::Time},
    {Selector::Kind::Link, "loss", Field::Loss, Kind::Probability},
    {Selector::Kind::Link, "retransmit_timeout", Field::RetransmitTimeout, Kind::Time},
    {Selector::Kind::Chip, "slowdown", Field::Slowdown, Kind::Factor},
    {Selector::Kind::Host, "dispatch", Field::Dispatch, Kind::Dispatch},
};

std::string_view name(Selector::Kind kind) {
  switch (kind) {
    case Selector::Kind::Link:
      return "link";
    case Selector::Kind::Chip:
      return "chip";
    case Selector::Kind::Host:
      return "host";
  }
  return "";
}

const FieldName& find_field(const Selector& selector, std::string_view field) {
  std::string accepted;
  for (const FieldName& each : kFields) {
    if (each.owner != selector.kind) continue;
    if (each.name == field) return each;
    accepted += (accepted.empty() ? "" : ", ") + std::string(each.name);
  }
  throw std::invalid_argument(
      fmt::format("no field is called '{}'; {} has {}", field, name(selector.kind), accepted));
}

template <typename T>
T required(std::optional<T> value, std::string_view found, std::string_view accepted) {
  if (!value) {
    throw std::invalid_argument(fmt::format("the value is '{}', {} is needed", found, accepted));
  }
  return *value;
}

Ratio with_sign(Ratio ratio, bool minus) { return {minus ? -ratio.num : ratio.num, ratio.den}; }

void parse_value(Setting& setting, Kind kind, std::string_view value) {
  if (value.empty()) throw std::invalid_argument("the value is missing");
  if (kind == Kind::Dispatch && (value == "traced" || value == "untraced")) {
    setting.value = value == "traced" ? Setting::Dispatch::Traced : Setting::Dispatch::Untraced;
    return;
  }
  if (kind == Kind::Flag) {
    if (value != "true" && value != "false") {
      throw std::invalid_argument(fmt::format("the value is '{}', true or false is needed", value));
    }
    setting.value = value == "true";
    return;
  }
  if (value.front() == 'x') {
    setting.operation = Operation::Scale;
    setting.value =
        required(parse_ratio(value.substr(1)), value, "a factor such as x2, x0.5 or x3/2");
    return;
  }
  const bool minus = value.front() == '-';
  std::string_view amount = value;
  if (minus || value.front() == '+') {
    setting.operation = Operation::Add;
    amount = value.substr(1);
  }
  const std::int64_t sign = minus ? -1 : 1;
  switch (kind) {
    case Kind::Time:
      setting.value = sign * required(parse_time(amount), value,
                                      "a time such as 2us or 0.5ns (units ps, ns, us, ms, s)");
      break;
    case Kind::Dispatch:
      setting.value = sign * required(parse_time(amount), value,
                                      "traced, untraced, or a time such as 2us (units ps, ns, us, "
                                      "ms, s)");
      break;
    case Kind::Rate:
      setting.value = sign * required(parse_rate(amount), value,
                                      "a rate such as 12.5GB/s or 100Gb/s (units B/s, kB/s, MB/s, "
                                      "GB/s, b/s, kb/s, Mb/s, Gb/s)");
      break;
    case Kind::Count:
      setting.value =
          sign * std::int64_t{required(parse_count(amount), value, "a whole number such as 2")};
      break;
    case Kind::Probability:
      setting.value = with_sign(required(parse_probability(amount), value,
                                         "a probability such as 1e-4, 0.01% or 1/10000"),
                                minus);
      break;
    case Kind::Factor:
      setting.value =
          with_sign(required(parse_ratio(amount), value, "a factor such as 2, 0.5 or 3/2"), minus);
      break;
    case Kind::Flag:
      break;
  }
}

template <typename T>
const T& value_of(const Setting& setting, std::string_view wanted) {
  const T* value = std::get_if<T>(&setting.value);
  if (value == nullptr) throw std::invalid_argument(fmt::format("{} is needed here", wanted));
  return *value;
}

/// The setting applied to a whole number, rounded down.
Wide applied(const Setting& setting, std::int64_t value, std::string_view wanted) {
  if (setting.operation == Operation::Scale) {
    const Ratio& factor = value_of<Ratio>(setting, "a factor");
    return Wide{value} * factor.num / factor.den;
  }
  const Wide amount = value_of<std::int64_t>(setting, wanted);
  return setting.operation == Operation::Add ? value + amount : amount;
}

Ratio applied(const Setting& setting, Ratio value, std::string_view wanted) {
  const Ratio& amount = value_of<Ratio>(setting, wanted);
  switch (setting.operation) {
    case Operation::Set:
      return reduced("set", amount.num, amount.den);
    case Operation::Add:
      return reduced("set", Wide{value.num} * amount.den + Wide{amount.num} * value.den,
                     Wide{value.den} * amount.den);
    case Operation::Scale:
      return reduced("set", Wide{value.num} * amount.num, Wide{value.den} * amount.den);
  }
  return value;
}

}  // namespace

Setting make_setting(std::string_view selector_text, const Selector& selector,
                     std::string_view field, std::string_view value) {
  const FieldName& found = find_field(selector, field);
  const auto* pair = std::get_if<Selector::Pair>(&selector.which);
  if (found.field == Field::Channels && pair != nullptr && pair->one_way) {
    throw std::invalid_argument(
        fmt::format("channels go both ways and are counted for the whole link, link({}-{}) is "
                    "needed",
                    pair->a, pair->b));
  }
  Setting setting{.selector = selector,
                  .field = found.field,
                  .value = {},
                  .text = fmt::format("{}.{}={}", selector_text, field, value)};
  parse_value(setting, found.kind, value);
  return setting;
}

Setting parse_setting(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view target = text.substr(0, equals);
  const std::size_t dot = target.rfind('.');
  try {
    if (equals == std::string_view::npos) {
      throw std::invalid_argument(
          "there is no '='; SELECTOR.FIELD=VALUE is needed, as in link.latency=+2us");
    }
    if (dot == std::string_view::npos) {
      throw std::invalid_argument(fmt::format(
          "'{}' names no field; SELECTOR.FIELD=VALUE is needed, as in link.latency=+2us", target));
    }
    const std::string_view selector = target.substr(0, dot);
    return make_setting(selector, parse_selector(selector), target.substr(dot + 1),
                        text.substr(equals + 1));
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(fmt::format("[--set] '{}': {}", text, error.what()));
  }
}

Time apply(const Setting& setting, Time value) {
  Time result;
  switch (setting.operation) {
    case Operation::Set:
      result = value_of<Time>(setting, "a time");
      break;
    case Operation::Add:
      result = Time::picoseconds(
          narrow("set", Wide{value.ps()} + value_of<Time>(setting, "a time").ps()));
      break;
    case Operation::Scale:
      result = scale(value, value_of<Ratio>(setting, "a factor"));
      break;
  }
  if (result < Time()) {
    throw std::invalid_argument(
        fmt::format("the result is {} us, a time must not be negative", microseconds_text(result)));
  }
  return result;
}

std::int64_t apply_rate(const Setting& setting, std::int64_t bytes_per_s) {
  const std::int64_t rate = narrow("set", applied(setting, bytes_per_s, "a rate"));
  if (rate <= 0) {
    throw std::invalid_argument(fmt::format("the result is {} B/s, a rate must be positive", rate));
  }
  return rate;
}

int apply_count(const Setting& setting, int count) {
  const std::int64_t result = narrow("set", applied(setting, count, "a whole number"));
  if (result < 1 || result > kMaxCount) {
    throw std::invalid_argument(
        fmt::format("the result is {} channels, 1 to {} can be had; down=true takes all away",
                    result, kMaxCount));
  }
  return static_cast<int>(result);
}

Ratio apply_factor(const Setting& setting, Ratio factor) {
  const Ratio result = applied(setting, factor, "a factor");
  if (result.num <= 0) {
    throw std::invalid_argument(
        fmt::format("the result is {}/{}, a factor must be positive", result.num, result.den));
  }
  return result;
}

Ratio apply_probability(const Setting& setting, Ratio probability) {
  const Ratio result = applied(setting, probability, "a probability");
  if (result.num < 0 || result.num > result.den / 2) {
    throw std::invalid_argument(fmt::format(
        "the result is {}/{}, a loss lies between 0 and 1/2; down=true takes a link away",
        result.num, result.den));
  }
  return result;
}

bool flag(const Setting& setting) { return value_of<bool>(setting, "true or false"); }

Time apply_dispatch(const Setting& setting, const HostModel& host) {
  if (const auto* word = std::get_if<Setting::Dispatch>(&setting.value)) {
    return *word == Setting::Dispatch::Traced ? host.traced_dispatch : host.untraced_dispatch;
  }
  return apply(setting, host.dispatch);
}

}  // namespace ttmesh::sim
