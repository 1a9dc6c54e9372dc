#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "sim/collective_model.hpp"
#include "sim/system.hpp"
#include "tests/sim/calibration.hpp"

// What an idle machine shows when its chips follow the protocol of sim/collective_model.hpp, as
// closed forms: the parameters must reproduce the published sweeps before any event is simulated.
namespace ttmesh::sim {
namespace {

struct Sweep {
  const char* name;
  const char* arch;
  const char* system;
  const char* op;
  const char* topology;
  double mean;
  double worst;
};

class Forms {
 public:
  Forms(const System& system, std::int64_t chips, std::int64_t bytes)
      : system_(system), model_(system.collective), chips_(chips), bytes_(bytes) {}

  Time all_gather_line() const {
    const Time head = head_serialisation(system_.link, bytes_ / chips_ / system_.usable_links);
    return model_.setup + (chips_ - 1) * (barrier_hop() + hop()) + (chips_ - 2) * head +
           stream(Engine::Router, false, (chips_ - 1) * bytes_ / chips_);
  }
  Time all_gather_ring() const {
    return model_.setup + barrier_hop() + rounds() * (hop() + model_.relay_step) +
           stream(Engine::Relay, true, (chips_ - 1) * bytes_ / chips_ / 2);
  }
  Time reduce_scatter_line() const {
    return model_.setup + barrier_hop() + (chips_ - 1) * (hop() + model_.reduce_step) +
           stream(Engine::Reduction, false, (chips_ - 1) * bytes_ / chips_);
  }
  Time reduce_scatter_ring() const {
    if (bytes_ <= model_.direct_bytes) return reduce_scatter_direct();
    return model_.setup + barrier_hop() + rounds() * (hop() + model_.reduce_step) +
           stream(Engine::Reduction, true, (chips_ - 1) * bytes_ / chips_ / 2);
  }

 private:
  /// Every slice crosses as many links as its owner is hops away, half of the farthest ones in
  /// each direction: with 8 chips, as many bytes per direction as the whole tensor has.
  Time reduce_scatter_direct() const {
    const std::int64_t quarters = 2 * rounds() * (rounds() - 1) + chips_;
    return model_.setup + barrier_hop() + hop() + rounds() * model_.direct_step +
           stream(Engine::Direct, true, quarters * bytes_ / chips_ / 4);
  }
  std::int64_t rounds() const { return chips_ / 2; }
  Time hop() const { return system_.link.latency; }
  Time barrier_hop() const { return hop() + model_.barrier_step; }
  Time stream(Engine engine, bool ring, std::int64_t bytes) const {
    const int links = system_.usable_links;
    return transfer_time(model_, system_.link,
                         {.engine = engine, .ring = ring, .bytes = bytes / links, .links = links});
  }

  const System& system_;
  const CollectiveModel& model_;
  std::int64_t chips_;
  std::int64_t bytes_;
};

Time predicted(const Sweep& sweep, std::int64_t chips, std::int64_t bytes) {
  const Forms forms(find_system(sweep.system), chips, bytes);
  const bool ring = std::string(sweep.topology) == "ring";
  if (std::string(sweep.op) == "all_gather") {
    return ring ? forms.all_gather_ring() : forms.all_gather_line();
  }
  return ring ? forms.reduce_scatter_ring() : forms.reduce_scatter_line();
}

class PublishedCollectives : public testing::TestWithParam<Sweep> {};

TEST_P(PublishedCollectives, ArePredictedWithinAFewPercent) {
  const std::vector<test::Row> rows = test::read_calibration("ccl_sweep.csv");
  if (rows.empty()) GTEST_SKIP() << "the published measurements are not on this machine";
  const Sweep& sweep = GetParam();
  test::ErrorSummary errors;
  for (const test::Row& row : rows) {
    if (row.at("arch") != sweep.arch || row.at("op") != sweep.op ||
        row.at("topology") != sweep.topology) {
      continue;
    }
    const Time time =
        predicted(sweep, std::stoll(row.at("n_devices")), std::stoll(row.at("size_bytes")));
    errors.add(static_cast<double>(time.ps()) / 1e6, std::stod(row.at("time_us")));
  }
  RecordProperty("mean_percent", std::to_string(100 * errors.mean()));
  RecordProperty("worst_percent", std::to_string(100 * errors.worst()));
  ASSERT_GT(errors.count(), 0);
  EXPECT_LT(errors.mean(), sweep.mean);
  EXPECT_LT(errors.worst(), sweep.worst);
}

// The worst row of T3K's reduce-scatter on a ring is the largest that is sent directly.
INSTANTIATE_TEST_SUITE_P(
    Sweeps, PublishedCollectives,
    testing::Values(
        Sweep{"T3kAllGatherLine", "wormhole_b0", "t3k", "all_gather", "line", 0.015, 0.07},
        Sweep{"T3kAllGatherRing", "wormhole_b0", "t3k", "all_gather", "ring", 0.015, 0.04},
        Sweep{"T3kReduceScatterLine", "wormhole_b0", "t3k", "reduce_scatter", "line", 0.035, 0.12},
        Sweep{"T3kReduceScatterRing", "wormhole_b0", "t3k", "reduce_scatter", "ring", 0.035, 0.23},
        Sweep{"BhGalaxyAllGatherLine", "blackhole", "bh_galaxy", "all_gather", "line", 0.02, 0.07},
        Sweep{"BhGalaxyAllGatherRing", "blackhole", "bh_galaxy", "all_gather", "ring", 0.02, 0.07},
        Sweep{"BhGalaxyReduceScatterLine", "blackhole", "bh_galaxy", "reduce_scatter", "line", 0.03,
              0.10},
        Sweep{"BhGalaxyReduceScatterRing", "blackhole", "bh_galaxy", "reduce_scatter", "ring",
              0.045, 0.10}),
    [](const auto& test) { return std::string(test.param.name); });

// All-gather over two chips of a line, 4 KiB: the fixed cost alone, published beside the sweeps.
TEST(PublishedCollectives, HaveThePublishedFixedCost) {
  const auto microseconds = [](const char* system) {
    return static_cast<double>(Forms(find_system(system), 2, 4096).all_gather_line().ps()) / 1e6;
  };
  EXPECT_NEAR(microseconds("t3k"), 7.09, 0.01 * 7.09);
  EXPECT_NEAR(microseconds("bh_galaxy"), 4.33, 0.01 * 4.33);
}

}  // namespace
}  // namespace ttmesh::sim
