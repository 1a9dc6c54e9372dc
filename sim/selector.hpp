#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

namespace ttmesh::sim {

/// Which parts of a machine a setting is for.
///
///   link                every link
///   link(0-1)           those between two chips, both directions
///   link(0->1)          their direction from the first chip to the second
///   link(0-1#2)         their channel 2; also link(0->1#2)
///   link(chip:5)        those of one chip
///   link(axis:0)        those along a mesh axis: 0 joins the chips of a column, 1 those of a row
///   link(wrap)          those that close rings; also link(express) and link(inter_mesh)
///   chip, chip(5)       every chip, or one
///   host                the controller's machine
struct Selector {
  enum class Kind : std::uint8_t { Link, Chip, Host };
  struct All {};
  struct Pair {
    int a;
    int b;
    std::optional<int> channel{};
    bool one_way = false;  ///< Only from `a` to `b`.
  };
  struct Axis {
    int cluster_axis;
  };
  struct One {  ///< One chip, or the links of one.
    int chip;
  };
  enum class Group : std::uint8_t { Wrap, Express, InterMesh };

  Kind kind = Kind::Link;
  std::variant<All, Pair, Axis, One, Group> which = All{};
};

/// Throws std::invalid_argument saying what is wrong and what is accepted.
[[nodiscard]] Selector parse_selector(std::string_view text);

}  // namespace ttmesh::sim
