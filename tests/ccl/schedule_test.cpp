#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ccl/op_table.hpp"
#include "ccl/verifier.hpp"
#include "mesh/program/machine.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/topology/load.hpp"

// Schedules of whole meshes, as a host makes them: every chip's steps, rehearsed together over the
// links that are there.
namespace ttmesh::ccl {
namespace {

using mesh::Attributes;
using mesh::ChipId;
using mesh::Machine;
using testing::IsEmpty;

Machine machine_of(const std::string& topology, const std::vector<std::string>& settings) {
  std::vector<sim::Setting> parsed;
  for (const std::string& text : settings) parsed.push_back(sim::parse_setting(text));
  return mesh::make_machine(mesh::load_topology(topology), parsed);
}

/// One collective on one machine.
struct Scene {
  const char* name;
  Collective collective;
  const char* topology;
  std::vector<std::string> settings;
  int cluster_axis;  ///< -1: all chips are one group.
  std::string algorithm;
  int root = 0;
};

const char* op_of(Collective collective) {
  switch (collective) {
    case Collective::AllGather:
      return "all_gather";
    case Collective::ReduceScatter:
      return "reduce_scatter";
    case Collective::AllToAll:
      return "all_to_all";
    case Collective::Broadcast:
      return "broadcast";
  }
  return "";
}

std::vector<VerifiedGroup> groups_of_scene(const Scene& scene, const mesh::MeshDescription& mesh) {
  std::vector<VerifiedGroup> groups;
  const int count = scene.cluster_axis < 0 ? 1 : mesh.shape.extent(1 - scene.cluster_axis);
  groups.resize(static_cast<std::size_t>(count), {.chips = {}, .root = scene.root});
  for (int row = 0; row < mesh.shape.rows; ++row) {
    for (int col = 0; col < mesh.shape.cols; ++col) {
      const int group = scene.cluster_axis < 0 ? 0 : scene.cluster_axis == 0 ? col : row;
      groups[static_cast<std::size_t>(group)].chips.push_back(mesh.chip({row, col}));
    }
  }
  return groups;
}

Verdict verdict_on(const Scene& scene) {
  const Machine machine = machine_of(scene.topology, scene.settings);
  const mesh::MeshDescription& mesh = select_mesh(machine.topology, std::nullopt);
  const mesh::MeshView view{mesh.id, {0, 0}, mesh.shape};
  const std::vector<VerifiedGroup> groups = groups_of_scene(scene, mesh);
  const auto size = static_cast<std::int64_t>(groups.front().chips.size());

  const Attributes attributes{{"dim", std::int64_t{0}},
                              {"in_dim", std::int64_t{1}},
                              {"out_dim", std::int64_t{0}},
                              {"root", std::int64_t{scene.root}},
                              {"cluster_axis", std::int64_t{scene.cluster_axis}},
                              {"num_links", std::int64_t{1}},
                              {"algorithm", scene.algorithm}};
  const std::vector<mesh::TensorSpec> specs{
      {.shape = {2 * size, size, 32, 32}, .distribution = {.mesh = mesh.shape}}};
  mesh::OpTable table;
  register_collectives(table);
  const mesh::CollectiveCall call{{attributes, specs, specs}, machine.topology, view, view};
  const mesh::Schedule schedule = table.at(op_of(scene.collective)).schedule(call);

  std::vector<bool> involved(static_cast<std::size_t>(machine.topology.chip_count()));
  for (const ChipId chip : chips_of(machine.topology, view)) {
    involved[static_cast<std::size_t>(chip)] = true;
  }
  for (const ChipId chip : schedule.relays) involved[static_cast<std::size_t>(chip)] = true;
  return verify(
      scene.collective, groups,
      {.chips = machine.topology.chip_count(),
       .plan =
           [&](ChipId chip) {
             if (involved[static_cast<std::size_t>(chip)]) return schedule.plan(chip);
             mesh::StepPlan none;
             none.relay = true;
             none.steps = []() -> mesh::Generator<mesh::Step> { co_return; }();
             return none;
           },
       .leads = [&](ChipId from, ChipId to,
                    mesh::Lane) { return machine.topology.channels_between(from, to) > 0; }});
}

class Schedules : public testing::TestWithParam<Scene> {};

TEST_P(Schedules, LeaveEveryTermWhereTheDefinitionSays) {
  const Verdict verdict = verdict_on(GetParam());
  EXPECT_THAT(verdict.faults, IsEmpty());
  EXPECT_GT(verdict.messages, 0);
}

const std::vector<std::string> kIntact;
const std::vector<std::string> kOneDown{"link(1-2).down=true"};
const std::vector<std::string> kTwoDown{"link(1-2).down=true", "link(5-6).down=true"};
/// On a 4x8 mesh: two links of one row, and one of a column.
const std::vector<std::string> kRowBroken{"link(9-10).down=true", "link(12-13).down=true",
                                          "link(3-11).down=true"};

INSTANTIATE_TEST_SUITE_P(
    Intact, Schedules,
    testing::Values(
        Scene{"AllToAllLine", Collective::AllToAll, "galaxy:1x8:line", kIntact, 1, "line"},
        Scene{"AllToAllRing", Collective::AllToAll, "galaxy:1x8:ring", kIntact, 1, "ring"},
        Scene{"AllToAllOddRing", Collective::AllToAll, "galaxy:1x7:ring", kIntact, 1, "ring"},
        Scene{"AllToAllRowsOfTorus", Collective::AllToAll, "galaxy:4x8:ring", kIntact, 1, "ring"},
        Scene{"AllToAllColumns", Collective::AllToAll, "galaxy:4x8:line", kIntact, 0, "line"},
        Scene{"AllToAllMesh", Collective::AllToAll, "galaxy:4x8:line", kIntact, -1, "line"},
        Scene{"AllToAllTorus", Collective::AllToAll, "galaxy:4x8:ring", kIntact, -1, "ring"},
        Scene{"AllToAllLargeMesh", Collective::AllToAll, "galaxy:8x8:ring", kIntact, -1, "ring"},
        Scene{"AllToAllRouted", Collective::AllToAll, "galaxy:2x4:line", kIntact, 1, "routed"},
        Scene{"AllGatherRouted", Collective::AllGather, "galaxy:4x8:ring", kIntact, 0, "routed"},
        Scene{"ReduceScatterRouted", Collective::ReduceScatter, "galaxy:4x8:line", kIntact, 1,
              "routed"},
        Scene{"BroadcastLine", Collective::Broadcast, "galaxy:1x8:line", kIntact, 1, "line", 3},
        Scene{"BroadcastRing", Collective::Broadcast, "galaxy:1x8:ring", kIntact, 1, "ring", 6},
        Scene{"BroadcastColumns", Collective::Broadcast, "galaxy:4x8:ring", kIntact, 0, "ring", 2},
        Scene{"BroadcastMesh", Collective::Broadcast, "galaxy:4x8:line", kIntact, -1, "line", 13},
        Scene{"BroadcastTorus", Collective::Broadcast, "galaxy:8x8:ring", kIntact, -1, "ring", 63},
        Scene{"BroadcastRouted", Collective::Broadcast, "galaxy:2x4:line", kIntact, 1, "routed",
              1}),
    [](const auto& each) { return std::string(each.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Damaged, Schedules,
    testing::Values(Scene{"AllGatherOnARingWithAGap", Collective::AllGather, "galaxy:1x8:ring",
                          kOneDown, 1, "line"},
                    Scene{"ReduceScatterOnARingWithAGap", Collective::ReduceScatter,
                          "galaxy:1x8:ring", kOneDown, 1, "line"},
                    Scene{"AllToAllOnARingWithAGap", Collective::AllToAll, "galaxy:1x8:ring",
                          kOneDown, 1, "routed"},
                    Scene{"BroadcastOnARingWithAGap", Collective::Broadcast, "galaxy:1x8:ring",
                          kOneDown, 1, "routed", 2},
                    Scene{"AllGatherOverDetours", Collective::AllGather, "galaxy:4x8:line",
                          kRowBroken, 1, "routed"},
                    Scene{"ReduceScatterOverDetours", Collective::ReduceScatter, "galaxy:4x8:line",
                          kRowBroken, 1, "routed"},
                    Scene{"ReduceScatterOfColumnsOverDetours", Collective::ReduceScatter,
                          "galaxy:4x8:line", kRowBroken, 0, "routed"},
                    Scene{"AllToAllOverDetours", Collective::AllToAll, "galaxy:4x8:line",
                          kRowBroken, -1, "routed"},
                    Scene{"AllToAllOfATorusOverDetours", Collective::AllToAll, "galaxy:2x4:ring",
                          kTwoDown, 1, "routed"},
                    Scene{"BroadcastOverDetours", Collective::Broadcast, "galaxy:4x8:line",
                          kRowBroken, -1, "routed", 10}),
    [](const auto& each) { return std::string(each.param.name); });

/// Exchanges of any number of chips, intact and with a gap.
TEST(Schedules, HoldForGroupsOfAnySize) {
  for (int size = 3; size <= 64; ++size) {
    const std::string ring = "galaxy:1x" + std::to_string(size) + ":ring";
    for (const Collective collective : {Collective::AllToAll, Collective::Broadcast}) {
      for (const char* algorithm : {"line", "ring", "routed"}) {
        EXPECT_THAT(verdict_on({"", collective, ring.c_str(), {}, 1, algorithm, size / 3}).faults,
                    IsEmpty())
            << op_of(collective) << " " << algorithm << " " << size << " chips";
      }
    }
  }
}

}  // namespace
}  // namespace ttmesh::ccl
