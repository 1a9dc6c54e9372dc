#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "mesh/topology/cluster.hpp"
#include "mesh/topology/error.hpp"
#include "mesh/topology/facts.hpp"
#include "mesh/topology/machine_mapping.hpp"
#include "mesh/topology/mgd1.hpp"
#include "mesh/topology/mgd2.hpp"
#include "mesh/topology/rank_bindings.hpp"
#include "mesh/topology/ttmesh_yaml.hpp"
#include "mesh/topology/visible_devices.hpp"
#include "mesh/topology/yaml_value.hpp"
#include "tests/topology/descriptors.hpp"

namespace ttmesh::mesh {
namespace {

/// A format with small inputs to start from, and words that belong into them.
struct Format {
  const char* name;
  std::vector<std::string> seeds;
  std::vector<std::string> words;
  std::function<void(const InputFile&)> parse;
};

/// Inputs to try for each format: the environment's TTMESH_MUTATIONS, or few.
int mutation_count() {
  const char* text = std::getenv("TTMESH_MUTATIONS");
  return text != nullptr ? std::atoi(text) : 2'000;
}

class Mutator {
 public:
  Mutator(const Format& format, unsigned seed) : format_(format), random_(seed) {}

  std::string next() {
    std::string text = pick(format_.seeds);
    for (int i = below(4); i >= 0; --i) mutate(text);
    return text;
  }

 private:
  int below(std::size_t bound) {
    return static_cast<int>(random_() % static_cast<unsigned>(bound == 0 ? 1 : bound));
  }
  const std::string& pick(const std::vector<std::string>& from) {
    return from[static_cast<std::size_t>(below(from.size()))];
  }

  void mutate(std::string& text) {
    static const std::vector<std::string> kValues{
        "-1",    "0",     "1",           "3",          "7",          "4096",
        "65536", "65537", "1000000000",  "2147483647", "2147483648", "99999999999999999999",
        "1e9",   "''",    "\"",          "[",          "]",          "{",
        "}",     ":",     ": ",          ",",          "\n",         "- ",
        "#",     "&a ",   "*a",          "!!int ",     "? ",         "<<",
        "|\n",   "---\n", "%YAML 1.1\n", "\t",         "~",          "..."};
    const auto at = static_cast<std::size_t>(below(text.size() + 1));
    const auto length = static_cast<std::size_t>(below(24));
    switch (below(8)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(random_());
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, pick(kValues));
        break;
      case 3:
        text.insert(at, pick(format_.words));
        break;
      case 4:
        text.insert(static_cast<std::size_t>(below(text.size() + 1)), text.substr(at, 4 * length));
        break;
      case 5:
        text.resize(at);
        break;
      case 6:
        replace_number(text, at, pick(kValues));
        break;
      default: {
        const std::string& other = pick(format_.seeds);
        text = text.substr(0, at) + other.substr(static_cast<std::size_t>(below(other.size())));
      }
    }
  }

  static void replace_number(std::string& text, std::size_t from, const std::string& value) {
    const std::size_t begin = text.find_first_of("0123456789", from);
    if (begin == std::string::npos) return;
    const std::size_t end = text.find_first_not_of("0123456789", begin);
    text.replace(begin, end == std::string::npos ? end : end - begin, value);
  }

  const Format& format_;
  std::mt19937 random_;
};

/// What every topology that is accepted must be.
void check(const Topology& topology) {
  ASSERT_LE(topology.chip_count(), kMaxChips);
  ASSERT_GE(topology.chip_count(), 1);
  ASSERT_GE(topology.host_count(), 1);
  for (const Edge& edge : topology.edges) {
    ASSERT_LT(edge.a, edge.b);
    ASSERT_GE(edge.a, 0);
    ASSERT_LT(edge.b, topology.chip_count());
    ASSERT_GE(edge.channels, 1);
  }
  const ChipId last = topology.chip_count() - 1;
  ASSERT_LT(topology.host_of(last), topology.host_count());
  (void)facts(topology);
}

ClusterDescription cluster_of(const InputFile& file) {
  return read_cluster_description(file, parse_yaml(file));
}

/// A topology that fits is on chips of its own.
void check_mapping(const ParsedTopology& parsed, const PhysicalMachine& machine) {
  std::vector<int> chips;
  try {
    chips = map_onto_machine(parsed, machine);
  } catch (const InvalidFile& error) {
    ASSERT_FALSE(error.problems().empty());
    return;
  }
  ASSERT_EQ(chips.size(), static_cast<std::size_t>(parsed.topology.chip_count()));
  ASSERT_EQ(std::set<int>(chips.begin(), chips.end()).size(), chips.size());
}

std::vector<Format> formats() {
  std::vector<Format> all;
  all.push_back(
      {"Ttmesh",
       {"ttmesh: 1\nname: t\nsystem: t3k\nusable_links: 1\nlink: {bandwidth: 12.5GB/s, latency: "
        "700ns}\nmesh:\n  shape: [2, 4]\n  dim_types: [line, ring]\n  channels: 2\n  host_shape: "
        "[1, 2]\n  policy: strict\n  express: [[0, 6]]\n",
        "ttmesh: 1\nsystem: tg\nmeshes:\n  - {id: 0, name: A, shape: [2, 2]}\n  - {chips: 3, "
        "links: "
        "[[0, 1, 2], [1, 2, 4]]}\n  - {shape: [1, 1], switch: true}\nconnections:\n  - {meshes: "
        "[0, "
        "2], links: 3}\n  - {chips: [[0, 1], [1, 2]], links: 2}\nunplaced_links: 2\n"},
       {"mesh: ", "meshes: ", "shape: [1, 2]", "chips: 5", "links: 7", "ring", "switch: true",
        "connections: ", "express: ", "[0, 1]"},
       [](const InputFile& file) { check(parse_ttmesh_yaml(file, parse_yaml(file)).topology); }});
  all.push_back(
      {"Mgd2",
       {"mesh_descriptors { name: 'M0' arch: WORMHOLE_B0 device_topology { dims: [2, 4] dim_types: "
        "[LINE, RING] } host_topology { dims: [1, 2] } channels { count: 2 policy: RELAXED } "
        "express_connections { src: 0 dst: 3 } express_links { dim_idx: 1 pattern { start: 0 step: "
        "2 } wrap: LINE } }\ntop_level_instance { mesh { mesh_descriptor: 'M0' mesh_id: 0 } }\n"
        "pinnings { logical_fabric_node_id { mesh_id: 0 chip_id_regex: '0-3' } "
        "physical_asic_position { tray_id: 1 asic_location: 1 } }\n",
        "mesh_descriptors { name: 'M0' arch: BLACKHOLE device_topology { dims: [2, 2] } "
        "host_topology { dims: [1, 1] } channels { count: 4 } }\nswitch_descriptors { name: 'S' "
        "arch: BLACKHOLE device_topology { dims: [1, 2] } channels { count: 4 } }\n"
        "graph_descriptors { name: 'G' type: 'FABRIC' instances { mesh { mesh_descriptor: 'M0' "
        "mesh_id: 0 } } instances { mesh { mesh_descriptor: 'M0' mesh_id: 1 } } instances { switch "
        "{ switch_descriptor: 'S' switch_id: 2 } } connections { nodes { mesh { mesh_descriptor: "
        "'M0' mesh_id: 0 device_id: 1 } } nodes { mesh { mesh_descriptor: 'M0' mesh_id: 1 "
        "device_id: 0 } } channels { count: 2 } } graph_topology { layout_type: ALL_TO_ALL "
        "channels "
        "{ count: 3 } } }\ntop_level_instance { graph { graph_descriptor: 'G' graph_id: 0 } }\n",
        "mesh_descriptors { name: 'M' arch: BLACKHOLE device_topology { dims: [1, 1] } "
        "host_topology { dims: [1, 1] } channels { count: 1 } }\ngraph_descriptors { name: 'P' "
        "type: 'POD' instances { mesh { mesh_descriptor: 'M' mesh_id: 0 } } }\ngraph_descriptors { "
        "name: 'C' type: 'CLUSTER' instances { graph { graph_descriptor: 'P' graph_id: 0 } } "
        "instances { graph { graph_descriptor: 'P' graph_id: 1 } } connections { nodes { graph { "
        "graph_descriptor: 'P' graph_id: 0 sub_ref { mesh { mesh_descriptor: 'M' mesh_id: 0 } } } "
        "} "
        "nodes { graph { graph_descriptor: 'P' graph_id: 1 sub_ref { mesh { mesh_descriptor: 'M' "
        "mesh_id: 0 } } } } channels { count: 2 } } graph_topology { layout_type: RING channels { "
        "count: 1 } } }\ntop_level_instance { graph { graph_descriptor: 'C' graph_id: 0 } }\n"},
       {"dims: 3 ", "count: 9 ", "RING", "ALL_TO_ALL", "mesh_id: 1 ", "sub_ref { ", "device_id: 0 ",
        "'G'", "'P'", "graph { graph_descriptor: 'G' graph_id: 0 } "},
       [](const InputFile& file) {
         const ParsedTopology parsed = parse_mgd2(file);
         check(parsed.topology);
         static const PhysicalMachine kMachine = join_hosts({cluster_of(
             {"machine", cluster_text(8, cables_of({{2, 4}, 2}), "asic_locations: {1: 1}")})});
         check_mapping(parsed, kMachine);
       }});
  all.push_back(
      {"Mgd1",
       {"ChipSpec: {arch: wormhole_b0, ethernet_ports: {N: 2, E: 2, S: 2, W: 2}}\nBoard: [{name: "
        "B, "
        "type: TORUS_X, topology: [2, 2]}]\nMesh: [\n{id: 0, board: B, device_topology: [2, 4], "
        "host_topology: [1, 2]},\n{id: 1, board: B, device_topology: [2, 2], host_topology: [1, "
        "1]}]\nGraph: [[[M0, D1], [M1, D0], 2]]\n",
        "ChipSpec: {arch: blackhole, ethernet_ports: {N: 1, E: 1, S: 1, W: 1, Z: 2}}\nBoard: "
        "[{name: B, type: Mesh, topology: [2, 2]}]\nMesh: [\n{id: 0, board: B, topology: [1, 2], "
        "host_ranks: [[0, 1]]},\n{id: 1, board: B, topology: [1, 1], host_ranks: [[0]]}]\nGraph: "
        "[[[0, E0], [1, W0]], [[1, W0], [0, E0]]]\nRelaxedGraph: []\n"},
       {"RelaxedGraph: [[M0, M1, 2]]\n", "host_ranks: [[0, 0], [1, 1]]", "TORUS_2D", "[M1, D3]",
        "id: 2", "N5", "S0"},
       [](const InputFile& file) { check(parse_mgd1(file, parse_yaml(file)).topology); }});
  all.push_back(
      {"Cluster",
       {"arch: {0: Wormhole, 1: Wormhole}\nchips: {0: [0,0,0,0], 1: [1,0,0,0]}\n"
        "ethernet_connections: [[{chip: 0, chan: 8}, {chip: 1, chan: 0}], [{chip: 0, chan: 9}, "
        "{chip: 1, chan: 1}]]\nchips_with_mmio: [0: 0, ]\nharvesting: {0: {noc_translation: true, "
        "harvest_mask: 65}}\nboards: [[{board_id: 72058994491072686}, {board_type: n300}, {chips: "
        "[0,1]}]]",
        "arch:\n  0: blackhole\n  1: blackhole\n  2: blackhole\n  3: blackhole\nchips: {}\n"
        "chip_unique_ids: {0: 5, 1: 6}\nethernet_connections:\n  - [{chip: 0, chan: 1}, {chip: 1, "
        "chan: 1}]\n  - [{chip: 1, chan: 2}, {chip: 2, chan: 1}]\n  - [{chip: 2, chan: 2}, {chip: "
        "3, "
        "chan: 1}]\n  - [{chip: 3, chan: 2}, {chip: 0, chan: 2}]\n"
        "ethernet_connections_to_remote_devices:\n  - [{chip: 0, chan: 5}, {remote_chip_id: 99, "
        "chan: 3}]\nchips_with_mmio: [0, 1]\nchip_to_bus_id: {0: '0x01'}\nchip_pci_bdfs: {0: "
        "'0000:01:00.0'}\n"},
       {"5: blackhole\n", "[{chip: 0, chan: 3}, {chip: 2, chan: 3}]", "chips: [0]", "chan: 4",
        "chip: 1", "board_id: 1"},
       [](const InputFile& file) {
         const ClusterDescription cluster = cluster_of(file);
         check(cluster_topology(cluster).topology);
         check(cluster_topology(keep_visible(cluster, "0")).topology);
         static const ParsedTopology kSquare =
             parse_mgd2({"square", mgd2_text({.shape = {2, 2}, .hosts = {1, 2}})});
         check_mapping(kSquare, join_hosts({cluster}));
       }});
  all.push_back(
      {"RankBindings",
       {"rank_bindings:\n  - rank: 0\n    mesh_id: 0\n    mesh_host_rank: 1\n    env_overrides: "
        "{A: "
        "b}\n  - rank: 1\n    mesh_id: 0\nglobal_env: {C: 'd'}\nmesh_graph_desc_path: \"m\"\n",
        "subcontext_id_to_rank_bindings: {0: missing.yaml, 1: gone.yaml}\n"},
       {"rank: 2", "mesh_id: 1", "- {rank: 2, mesh_id: 0}\n", "env_overrides: {X: 1}"},
       [](const InputFile& file) {
         const RankBindings bindings = read_rank_bindings(file, parse_yaml(file));
         ASSERT_FALSE(bindings.ranks.empty());
       }});
  return all;
}

class Mutation : public testing::TestWithParam<std::size_t> {};

TEST_P(Mutation, IsReadOrRefusedWithAReason) {
  const Format format = formats()[GetParam()];
  Mutator mutator(format, 2'026);
  int accepted = 0;
  for (int i = 0; i < mutation_count(); ++i) {
    const InputFile file{"mutation", mutator.next()};
    try {
      format.parse(file);
      ++accepted;
    } catch (const InvalidFile& error) {
      ASSERT_FALSE(error.problems().empty()) << file.text;
      ASSERT_STRNE(error.what(), "") << file.text;
    } catch (const std::exception& error) {
      FAIL() << error.what() << " for\n" << file.text;
    }
    if (HasFatalFailure()) FAIL() << "for\n" << file.text;
  }
  EXPECT_GT(accepted, 0) << "the mutations never reach beyond the parser";
}

INSTANTIATE_TEST_SUITE_P(Formats, Mutation, testing::Range(std::size_t{0}, formats().size()),
                         [](const auto& each) { return formats()[each.param].name; });

}  // namespace
}  // namespace ttmesh::mesh
