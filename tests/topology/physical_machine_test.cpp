#include "mesh/topology/physical_machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "mesh/topology/error.hpp"
#include "tests/scratch_folder.hpp"
#include "tests/topology/descriptors.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::ThrowsMessage;

ClusterDescription read(const std::string& text, const std::string& path = "c.yaml") {
  const InputFile file{path, text};
  return read_cluster_description(file, parse_yaml(file));
}

/// Two chips with unique ids from `first_id`, and a link that leaves chip 1.
std::string pair_text(int first_id, int remote_id) {
  return cluster_text(2, {{0, 1}},
                      "chip_unique_ids: {0: " + std::to_string(first_id) +
                          ", 1: " + std::to_string(first_id + 1) +
                          "}\nethernet_connections_to_remote_devices:\n"
                          "  - [{chip: 1, chan: 9}, {remote_chip_id: " +
                          std::to_string(remote_id) + ", chan: 9}]\n");
}

TEST(PhysicalMachine, JoinsHostsByUniqueIds) {
  const PhysicalMachine machine =
      join_hosts({read(pair_text(10, 21), "a.yaml"), read(pair_text(20, 11), "b.yaml")});
  EXPECT_THAT(machine.files, ElementsAre("a.yaml", "b.yaml"));
  EXPECT_THAT(machine.host_of, ElementsAre(0, 0, 1, 1));
  EXPECT_EQ(machine.chips[3].id, 1);
  EXPECT_EQ(machine.graph.channels_between(0, 1), 1);
  EXPECT_EQ(machine.graph.channels_between(1, 3), 1) << "both hosts list the link";
  EXPECT_EQ(machine.graph.channels_between(1, 2), 0);
}

TEST(PhysicalMachine, LeavesOutLinksToChipsThatItDoesNotHave) {
  const PhysicalMachine machine = join_hosts({read(pair_text(10, 99))});
  EXPECT_THAT(machine.graph.links[1], SizeIs(1));
}

TEST(PhysicalMachine, RefusesTheSameChipTwice) {
  EXPECT_THAT(
      [] {
        (void)join_hosts({read(pair_text(10, 9)), read(pair_text(11, 9))});
      },
      ThrowsMessage<InvalidFile>(HasSubstr("chip 0 has the unique id of chip 1")));
}

TEST(PhysicalMachine, RefusesHostsOfTwoArchitectures) {
  const std::string wormhole =
      "arch: {0: wormhole_b0}\nchips_with_mmio: [0]\nethernet_connections: []\n";
  EXPECT_THAT(
      [&] {
        (void)join_hosts({read(pair_text(10, 9)), read(wormhole)});
      },
      ThrowsMessage<InvalidFile>(HasSubstr("one architecture")));
}

TEST(PhysicalMachine, FindsTheTraysOfAGalaxyByTheirBuses) {
  const PhysicalMachine machine = join_hosts(
      {read(cluster_text(3, {{0, 1}, {1, 2}},
                         "boards: [[{board_id: 1}, {board_type: ubb_blackhole}, {chips: [0, 1]}]]\n"
                         "chip_to_bus_id: {0: '0x45', 1: 0x81, 2: '0x01'}\n"
                         "asic_locations: {2: 3}\n"))});
  EXPECT_EQ(machine.chips[0].tray, 2);
  EXPECT_EQ(machine.chips[0].location, 5);
  EXPECT_EQ(machine.chips[1].tray, 4);
  EXPECT_EQ(machine.chips[1].location, 1);
  EXPECT_EQ(machine.chips[2].tray, 0);
  EXPECT_EQ(machine.chips[2].location, 3);
}

TEST(PhysicalMachine, KnowsTheSecondChipOfAWormholeBoard) {
  const PhysicalMachine machine =
      join_hosts({read("arch: {0: wormhole_b0, 1: wormhole_b0}\nchips_with_mmio: [0: 0]\n"
                       "ethernet_connections: [[{chip: 0, chan: 8}, {chip: 1, chan: 0}]]\n"
                       "boards: [[{board_id: 1}, {board_type: n300}, {chips: [0, 1]}]]\n")});
  EXPECT_EQ(machine.chips[0].location, 0);
  EXPECT_EQ(machine.chips[1].location, 1);
}

class MachineFiles : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    return folder_.write(name, text);
  }

 private:
  ScratchFolder folder_;
};

TEST_F(MachineFiles, MayBeSeveralDescriptors) {
  const PhysicalMachine machine =
      load_machine({write("a.yaml", pair_text(10, 21)), write("b.yaml", pair_text(20, 11))});
  EXPECT_THAT(machine.chips, SizeIs(4));
}

TEST_F(MachineFiles, MayBeAMappingOfRanks) {
  write("a.yaml", pair_text(10, 21));
  write("b.yaml", pair_text(20, 11));
  const PhysicalMachine machine = load_machine({write(
      "mapping.yaml", "rank_to_cluster_mock_cluster_desc: {0: a.yaml, 1: b.yaml, 2: a.yaml}\n")});
  EXPECT_THAT(machine.files, SizeIs(2));
  EXPECT_THAT(machine.chips, SizeIs(4));
}

TEST_F(MachineFiles, AreRefusedIfTheyAreSomethingElse) {
  const std::string other = write("other.yaml", "ttmesh: 1\n");
  EXPECT_THAT([&] { (void)load_machine({other}); },
              ThrowsMessage<InvalidFile>(HasSubstr("is no cluster descriptor")));
  const std::string descriptor = write("m.textproto", mgd2_text({.shape = {2, 2}}));
  EXPECT_THAT([&] { (void)load_machine({descriptor}); },
              ThrowsMessage<InvalidFile>(HasSubstr("is no cluster descriptor")));
  const std::string mapping =
      write("mapping.yaml", "rank_to_cluster_mock_cluster_desc: {0: missing.yaml}\n");
  EXPECT_THAT([&] { (void)load_machine({mapping}); },
              ThrowsMessage<InvalidFile>(HasSubstr(
                  "mapping.yaml:1: rank_to_cluster_mock_cluster_desc: Cluster descriptor file does "
                  "not exist at path: missing.yaml")));
}

TEST_F(MachineFiles, AreCutToTheVisibleDevices) {
  const PhysicalMachine machine =
      load_machine({write("a.yaml", pair_text(10, 21))}, {.visible_devices = "1"});
  ASSERT_THAT(machine.chips, SizeIs(1));
  EXPECT_THAT(machine.graph.links[0], SizeIs(0));
}

}  // namespace
}  // namespace ttmesh::mesh
