#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sim/chip_model.hpp"
#include "sim/collective_model.hpp"
#include "sim/link_model.hpp"
#include "sim/time.hpp"

namespace ttmesh::sim {

/// The controller's machine: what issuing a command and moving data to a chip cost.
struct HostModel {
  Time traced_dispatch;            ///< Controller time for each command of a replayed trace.
  Time untraced_dispatch;          ///< The same for ops launched one by one.
  Time dispatch;                   ///< The one in force.
  std::int64_t write_bytes_per_s;  ///< Host to chip.
  std::int64_t read_bytes_per_s;   ///< Chip to host.
};

/// What you buy: chips, the links between them, and the default mesh they form.
struct System {
  std::string_view name;   ///< As typed: "tg", "t3k".
  std::string_view title;  ///< "Galaxy, 4U (TG)"
  ChipModel chip;
  LinkModel link;
  CollectiveModel collective;
  HostModel host;
  int rows;
  int cols;
  bool ring_rows = false;  ///< The first dim wraps: last row to first.
  bool ring_cols = false;
  int channels = 0;      ///< Physical links between neighbours.
  int usable_links = 0;  ///< Of these, for collectives.
};

/// Every preset, in the order of the documentation.
[[nodiscard]] std::span<const System> systems();

/// The preset called `name`, case ignored. Throws std::invalid_argument listing all names.
[[nodiscard]] const System& find_system(std::string_view name);

/// The preset assumed for a file that names only an architecture and a channel count.
[[nodiscard]] const System& default_system(Arch arch, int channels);

}  // namespace ttmesh::sim
