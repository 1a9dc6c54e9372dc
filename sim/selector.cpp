#include "sim/selector.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "sim/quantity.hpp"

namespace ttmesh::sim {
namespace {

[[noreturn]] void reject_unknown(std::string_view text) {
  throw std::invalid_argument(fmt::format(
      "'{}' selects nothing; the selectors are link, link(A-B), link(A->B), link(A-B#CHANNEL), "
      "link(A->B#CHANNEL), link(chip:N), link(axis:0), link(axis:1), link(wrap), link(express), "
      "link(inter_mesh), chip, chip(N), "
      "host",
      text));
}

int parse_index(std::string_view digits, std::string_view what) {
  const std::optional<int> index = parse_count(digits);
  if (!index) {
    throw std::invalid_argument(fmt::format("{} is '{}', a whole number is needed", what, digits));
  }
  return *index;
}

Selector::Axis parse_axis(std::string_view digits) {
  const int axis = parse_index(digits, "the axis");
  if (axis > 1) {
    throw std::invalid_argument(fmt::format("the axis is {}, a mesh has axes 0 and 1", axis));
  }
  return {axis};
}

Selector::Pair parse_pair(std::string_view inside, std::size_t dash) {
  const std::size_t hash = inside.find('#', dash);
  const bool one_way = inside.substr(dash + 1).starts_with('>');
  const std::size_t second = dash + (one_way ? 2 : 1);
  Selector::Pair pair{.a = parse_index(inside.substr(0, dash), "the first chip"),
                      .b = parse_index(inside.substr(second, hash - second), "the second chip"),
                      .one_way = one_way};
  if (hash != std::string_view::npos) {
    pair.channel = parse_index(inside.substr(hash + 1), "the channel");
  }
  if (pair.a == pair.b) {
    throw std::invalid_argument("the link joins a chip to itself, two chips are needed");
  }
  return pair;
}

}  // namespace

Selector parse_selector(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::string_view noun = text.substr(0, open);
  Selector selector;
  if (noun == "link") {
    selector.kind = Selector::Kind::Link;
  } else if (noun == "chip") {
    selector.kind = Selector::Kind::Chip;
  } else if (noun == "host") {
    selector.kind = Selector::Kind::Host;
  } else {
    reject_unknown(text);
  }
  if (open == std::string_view::npos) return selector;
  if (text.back() != ')') {
    throw std::invalid_argument(
        fmt::format("selector '{}' has no closing parenthesis at its end", text));
  }
  const std::string_view inside = text.substr(open + 1, text.size() - open - 2);
  constexpr std::string_view kAxis = "axis:";
  constexpr std::string_view kChip = "chip:";
  const std::size_t dash = inside.find('-');
  const bool link = selector.kind == Selector::Kind::Link;
  if (selector.kind == Selector::Kind::Chip) {
    selector.which = Selector::One{parse_index(inside, "the chip")};
  } else if (link && inside.starts_with(kAxis)) {
    selector.which = parse_axis(inside.substr(kAxis.size()));
  } else if (link && inside.starts_with(kChip)) {
    selector.which = Selector::One{parse_index(inside.substr(kChip.size()), "the chip")};
  } else if (link && inside == "wrap") {
    selector.which = Selector::Group::Wrap;
  } else if (link && inside == "express") {
    selector.which = Selector::Group::Express;
  } else if (link && inside == "inter_mesh") {
    selector.which = Selector::Group::InterMesh;
  } else if (link && dash != std::string_view::npos) {
    selector.which = parse_pair(inside, dash);
  } else {
    reject_unknown(text);
  }
  return selector;
}

}  // namespace ttmesh::sim
