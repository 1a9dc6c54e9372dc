#include <gtest/gtest.h>

#include <string>

#include "ccl/all_gather.hpp"
#include "ccl/reduce_scatter.hpp"
#include "mesh/tensor/mapper.hpp"
#include "ops/place_as.hpp"
#include "tests/ccl/mesh_fixture.hpp"
#include "tests/sim/calibration.hpp"

// Virtual times of collectives that the machine runs event by event, against published sweeps.
namespace ttmesh::ccl {
namespace {

using mesh::MeshDevice;
using mesh::Shape;
using mesh::Tensor;

struct Sweep {
  const char* name;
  const char* arch;
  const char* system;
  const char* op;
  const char* topology;
  double mean;  ///< Most that the times may be off, as a part of the published ones.
  double worst;
};

constexpr std::int64_t kTileBytes = 2048;                   // bf16
constexpr std::int64_t kMostBytes = std::int64_t{1} << 30;  // Of one tensor; two fit in DRAM.

double simulated_microseconds(const Sweep& sweep, int chips, std::int64_t bytes) {
  const std::string kind = sweep.topology;
  MeshDevice device =
      test::open_mesh(std::string(sweep.system) + ":1x" + std::to_string(chips) + ":" + kind, true);
  const Topology topology = kind == "ring" ? Topology::Ring : Topology::Linear;
  const Shape whole{1, 1, 32, 32 * (bytes / kTileBytes)};
  const bool gathers = std::string(sweep.op) == "all_gather";
  const Tensor written =
      mesh::from_host(device, {.shape = whole, .values = {}},
                      {.distribution = gathers ? mesh::shard_tensor_to_mesh(device.shape(), 3)
                                               : mesh::replicate_tensor_to_mesh(device.shape())});
  const Tensor input =
      gathers ? written : ops::place_as(written, {mesh::replicate(), mesh::partial()});
  device.start_recording();
  const Tensor output = gathers ? all_gather(input, {.dim = 3, .topology = topology})
                                : reduce_scatter(input, {.dim = 3, .topology = topology});
  const sim::Time time = device.report().ops.front().time;
  device.close();
  return static_cast<double>(time.ps()) / 1e6;
}

class PublishedTimes : public testing::TestWithParam<Sweep> {};

TEST_P(PublishedTimes, AreMetWithinAFewPercent) {
  const auto rows = sim::test::read_calibration("ccl_sweep.csv");
  if (rows.empty()) GTEST_SKIP() << "the published measurements are not on this machine";
  const Sweep& sweep = GetParam();
  sim::test::ErrorSummary errors;
  for (const auto& row : rows) {
    const std::int64_t bytes = std::stoll(row.at("size_bytes"));
    const bool wanted = row.at("arch") == sweep.arch && row.at("op") == sweep.op &&
                        row.at("topology") == sweep.topology && bytes <= kMostBytes;
    if (!wanted) continue;
    const double found = simulated_microseconds(sweep, std::stoi(row.at("n_devices")), bytes);
    errors.add(found, std::stod(row.at("time_us")));
  }
  RecordProperty("mean_percent", std::to_string(100 * errors.mean()));
  RecordProperty("worst_percent", std::to_string(100 * errors.worst()));
  ASSERT_GT(errors.count(), 0);
  EXPECT_LT(errors.mean(), sweep.mean);
  EXPECT_LT(errors.worst(), sweep.worst);
}

// Small slices that are sent directly take longer than their closed form on Blackhole: the link has
// nothing to send while the farthest one is on its way.
INSTANTIATE_TEST_SUITE_P(
    Sweeps, PublishedTimes,
    testing::Values(
        Sweep{"T3kAllGatherLine", "wormhole_b0", "t3k", "all_gather", "line", 0.015, 0.07},
        Sweep{"T3kAllGatherRing", "wormhole_b0", "t3k", "all_gather", "ring", 0.015, 0.04},
        Sweep{"T3kReduceScatterLine", "wormhole_b0", "t3k", "reduce_scatter", "line", 0.035, 0.12},
        Sweep{"T3kReduceScatterRing", "wormhole_b0", "t3k", "reduce_scatter", "ring", 0.035, 0.23},
        Sweep{"BhGalaxyAllGatherLine", "blackhole", "bh_galaxy", "all_gather", "line", 0.02, 0.07},
        Sweep{"BhGalaxyAllGatherRing", "blackhole", "bh_galaxy", "all_gather", "ring", 0.02, 0.07},
        Sweep{"BhGalaxyReduceScatterLine", "blackhole", "bh_galaxy", "reduce_scatter", "line", 0.03,
              0.1},
        Sweep{"BhGalaxyReduceScatterRing", "blackhole", "bh_galaxy", "reduce_scatter", "ring",
              0.055, 0.17}),
    [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace ttmesh::ccl
