#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/topology/input_file.hpp"
#include "mesh/topology/yaml_value.hpp"
#include "sim/chip_model.hpp"

namespace ttmesh::mesh {

/// What a cluster descriptor says, chips by their ids.
struct ClusterDescription {
  struct Board {
    std::uint64_t id = 0;
    std::string type;
    std::vector<int> chips;
  };
  /// A link between two chips of the host, each with the channel that it ends on.
  struct LocalLink {
    int chip_a;
    int channel_a;
    int chip_b;
    int channel_b;
  };
  /// A link that leaves the host, to a chip that only its unique id names.
  struct RemoteLink {
    int chip;
    int channel;
    std::uint64_t remote_chip;
    int remote_channel;
  };

  std::string file;
  sim::Arch arch = sim::Arch::WormholeB0;
  std::map<int, int> chips;      ///< Id to line.
  std::vector<LocalLink> links;  ///< Each once.
  std::vector<RemoteLink> remote_links;
  std::set<int> mmio_chips;  ///< Those with a PCIe link of their own.
  std::vector<Board> boards;
  std::map<int, int> harvested_rows;         ///< By chip; those that state it.
  std::map<int, std::uint64_t> unique_ids;   ///< Likewise; see `unique_id`.
  std::map<int, int> asic_locations;         ///< Likewise: place on the board.
  std::map<int, int> bus_ids;                ///< Likewise: PCI bus.
  std::map<int, std::string> pci_addresses;  ///< Likewise: "0000:01:00.0"
  std::vector<Problem> warnings;
  std::vector<std::string> notes;  ///< What was left out on request, for people.

  /// The id by which descriptors of other hosts name the chip: its own id shifted where the file
  /// gives none, as in tt-umd.
  std::uint64_t unique_id(int chip) const;
  /// Channels between two chips, the lower id first, for those that links join.
  std::map<std::pair<int, int>, int> channels() const;
};

/// Throws mesh::InvalidFile with every mistake.
[[nodiscard]] ClusterDescription read_cluster_description(const InputFile& file,
                                                          const YamlValue& document);

}  // namespace ttmesh::mesh
