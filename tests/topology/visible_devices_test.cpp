#include "mesh/topology/visible_devices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "mesh/topology/cluster.hpp"
#include "mesh/topology/error.hpp"
#include "mesh/topology/facts.hpp"
#include "mesh/topology/load.hpp"
#include "tests/topology/descriptors.hpp"
#include "tests/topology/shared_files.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::ThrowsMessage;

ClusterDescription read(const std::string& text) {
  const InputFile file{"c.yaml", text};
  return read_cluster_description(file, parse_yaml(file));
}

/// A square of four chips, each with a board and a PCI address.
ClusterDescription square() {
  return read(cluster_text(4, {{0, 1}, {1, 2}, {2, 3}, {3, 0}},
                           "chip_unique_ids: {0: 100, 1: 101, 2: 102, 3: 103}\n"
                           "boards: [[{board_id: 1}, {board_type: p300}, {chips: [0, 1]}],\n"
                           "         [{board_id: 2}, {board_type: p300}, {chips: [2, 3]}]]\n"
                           "chip_pci_bdfs: {0: '0000:01:00.0', 1: '0000:02:00.0',\n"
                           "                2: '0000:81:00.0', 3: '0000:82:00.0'}\n"));
}

TEST(VisibleDevices, KeepTheChipsThatAreNamedAndNumberThemAnew) {
  const ClusterDescription kept = keep_visible(square(), "3, 1,2");
  EXPECT_THAT(kept.chips, SizeIs(3));
  EXPECT_EQ(kept.unique_id(0), 101);
  EXPECT_EQ(kept.unique_id(2), 103);
  EXPECT_EQ(kept.pci_addresses.at(1), "0000:81:00.0");
  EXPECT_THAT(kept.mmio_chips, testing::ElementsAre(0, 1, 2));
}

TEST(VisibleDevices, DoNotBringTheRestOfTheBoard) {
  const ClusterDescription kept = keep_visible(square(), "1,2");
  ASSERT_THAT(kept.boards, SizeIs(2));
  EXPECT_THAT(kept.boards[0].chips, testing::ElementsAre(0));
}

TEST(VisibleDevices, TurnLinksToHiddenChipsIntoLinksThatLeaveTheHost) {
  const ClusterDescription kept = keep_visible(square(), "0,1");
  EXPECT_THAT(kept.links, SizeIs(1));
  ASSERT_THAT(kept.remote_links, SizeIs(2));
  EXPECT_EQ(kept.remote_links[0].chip, 1);
  EXPECT_EQ(kept.remote_links[0].remote_chip, 102);
}

TEST(VisibleDevices, MayBePartsOfPciAddresses) {
  EXPECT_THAT(keep_visible(square(), "0000:82:00.0").chips, SizeIs(1));
  EXPECT_THAT(keep_visible(square(), "81:00.0,02:00.0").chips, SizeIs(2));
}

TEST(VisibleDevices, AreRefusedTogetherIfThereAreNoSuchChips) {
  EXPECT_THAT([] { (void)keep_visible(square(), "0,9,,a,99:00.0"); },
              ThrowsMessage<InvalidFile>(
                  AllOf(HasSubstr("Invalid chip ID in TT_VISIBLE_DEVICES: '9'"),
                        HasSubstr("Invalid device identifier in TT_VISIBLE_DEVICES: ''"),
                        HasSubstr("Invalid device identifier in TT_VISIBLE_DEVICES: 'a'"),
                        HasSubstr("Invalid BDF in TT_VISIBLE_DEVICES: '99:00.0'"),
                        HasSubstr("valid are the chip ids 0, 1, 2, 3"))));
}

TEST(VisibleDevices, CutARealMachine) {
  if (shared_facts("cluster").empty()) {
    GTEST_SKIP() << "no descriptors at " << shared_folder("cluster");
  }
  const auto parsed = parse_topology((shared_folder("cluster") / "6u_cluster_desc.yaml").string(),
                                     {.visible_devices = "0,1,2,3"});
  EXPECT_EQ(facts(parsed.topology).chips, 4);
  EXPECT_THAT(parsed.notes, Contains("TT_VISIBLE_DEVICES=0,1,2,3 keeps 4 of 32 chips, numbered "
                                     "from 0"));
}

}  // namespace
}  // namespace ttmesh::mesh
