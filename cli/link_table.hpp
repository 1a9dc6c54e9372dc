#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "mesh/program/report.hpp"
#include "sim/time.hpp"

namespace ttmesh::cli {

/// Which links carried what in `span`.
struct LinkLoad {
  std::vector<mesh::LinkUse> links;  ///< Every direction of every channel.
  sim::Time span;                    ///< Virtual time that they are compared with.
};

/// The busiest directions of channels as a table: busy time, its share of the span, bytes; `most`
/// of them at most. Says so if none carried anything.
[[nodiscard]] std::string link_table(const LinkLoad& load, std::size_t most);

/// Share of `span` in percent; 0 if that is nothing.
[[nodiscard]] double percent(sim::Time part, sim::Time span);

}  // namespace ttmesh::cli
