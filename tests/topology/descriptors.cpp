#include "tests/topology/descriptors.hpp"

#include <cstddef>

namespace ttmesh::mesh {

std::string cluster_text(int chips, const std::vector<std::pair<int, int>>& links,
                         const std::string& more) {
  std::string text = "arch: {";
  std::string mmio = "chips_with_mmio: [";
  for (int chip = 0; chip < chips; ++chip) {
    text += std::to_string(chip) + ": blackhole, ";
    mmio += std::to_string(chip) + ": 0, ";
  }
  text += "}\nchips: {}\n" + mmio + "]\nethernet_connections: [\n";
  std::vector<int> channel(static_cast<std::size_t>(chips), 0);
  for (const auto& [a, b] : links) {
    text += "  [{chip: " + std::to_string(a) +
            ", chan: " + std::to_string(channel[static_cast<std::size_t>(a)]++) +
            "}, {chip: " + std::to_string(b) +
            ", chan: " + std::to_string(channel[static_cast<std::size_t>(b)]++) + "}],\n";
  }
  return text + "]\n" + more;
}

}  // namespace ttmesh::mesh
