#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "calibration/errors.hpp"
#include "calibration/measurements.hpp"
#include "sim/collective_model.hpp"
#include "sim/link_model.hpp"
#include "sim/system.hpp"
#include "tests/calibration/published_rows.hpp"

// What the presets say of parts, against the published numbers of those parts.
namespace ttmesh::calibration {
namespace {

class PublishedParts : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test::published_folder();
    if (!folder_) GTEST_SKIP() << "the published measurements are not on this machine";
  }
  std::vector<Row> rows(const char* name) const { return read_csv(*folder_ / name); }

 private:
  std::optional<std::filesystem::path> folder_;
};

/// The preset that a device or system of the tables is, if there is one.
const char* preset_of(const std::string& name) {
  static const std::map<std::string, const char*> kPresets{
      {"N150", "n150"},
      {"N300", "n300"},
      {"T3K chip (4x N300)", "t3k"},
      {"WH Galaxy chip", "galaxy"},
      {"P100A", "p100"},
      {"P150A/B", "p150"},
      {"P300C", "p300"},
      {"BH Galaxy chip", "bh_galaxy"},
      {"T3K", "t3k"},
      {"WH Galaxy (6U)", "galaxy"},
      {"TG (4U Galaxy)", "tg"},
      {"P150x4 (QuietBox BH)", "p150_x4"},
      {"P150x8 (LoudBox BH)", "p150_x8"},
      {"P300", "p300"},
      {"BH Galaxy", "bh_galaxy"},
  };
  const auto found = kPresets.find(name);
  return found == kPresets.end() ? nullptr : found->second;
}

TEST_F(PublishedParts, ChipsHaveTheirClockMemoryAndL1) {
  int found = 0;
  for (const Row& row : rows("chip_specs.csv")) {
    const char* preset = preset_of(row.at("device"));
    if (preset == nullptr) continue;
    const sim::ChipModel& chip = sim::find_system(preset).chip;
    EXPECT_EQ(static_cast<double>(chip.clock_hz), 1e9 * std::stod(row.at("ai_clock_ghz")))
        << preset;
    EXPECT_EQ(chip.l1_bytes_per_core, std::stoll(row.at("l1_bytes_per_core"))) << preset;
    EXPECT_EQ(chip.dram_bytes >> 30, std::stoll(row.at("dram_gb_per_asic"))) << preset;
    EXPECT_LE(chip.largest_cores, std::stoll(row.at("tensix_cores_per_asic")) + 10) << preset;
    // No chip reads faster than its memory's peak.
    EXPECT_LT(static_cast<double>(chip.dram_bytes_per_s),
              1e9 * std::stod(row.at("dram_peak_gb_s_per_asic")))
        << preset;
    ++found;
  }
  EXPECT_EQ(found, 8);
}

TEST_F(PublishedParts, SystemsHaveTheirLinksAndLineRates) {
  int found = 0;
  for (const Row& row : rows("mesh_link_counts.csv")) {
    const char* preset = preset_of(row.at("system"));
    if (preset == nullptr || row.at("usable_links_for_ccl") == "0") continue;
    const sim::System& system = sim::find_system(preset);
    EXPECT_EQ(system.channels, std::stoi(row.at("eth_links_per_neighbour(descriptor)"))) << preset;
    EXPECT_EQ(system.usable_links, std::stoi(row.at("usable_links_for_ccl"))) << preset;
    const std::string& rate = row.at("link_gb_s_per_dir");
    const bool effective = rate.find("25 effective now") != std::string::npos;
    EXPECT_EQ(static_cast<double>(system.link.bandwidth_bytes_per_s),
              1e9 * (effective ? 25 : std::stod(rate)))
        << preset;
    ++found;
  }
  EXPECT_GE(found, 8);
}

/// GB/s of one neighbour's stream in packets of `bytes`.
double link_rate(const sim::System& system, std::int64_t bytes) {
  sim::LinkModel link = system.link;
  link.packet.payload_bytes = bytes;
  constexpr std::int64_t kPackets = 1000;
  const sim::Time time = serialisation(link, kPackets * bytes);
  return static_cast<double>(kPackets * bytes) * 1e3 / static_cast<double>(time.ps());
}

/// Rows of one direction at its best: neighbours that all send, but for Wormhole's 4 KiB packets,
/// which its routers carry at 9.5 GB/s so and at 11.7 GB/s from a single sender. The sweeps of
/// collectives, where all send, reach the latter.
bool is_best(const Row& row) {
  if (row.at("ntype") != "NOC_UNICAST_WRITE") return false;
  const bool alone = row.at("system").starts_with("T3K") && row.at("packet_size_b") == "4096";
  return row.at("test_name") ==
         (alone ? "SingleSenderLinearUnicastAllDevices" : "NeighborExchangeUnicast");
}

TEST_F(PublishedParts, LinksCarryWhatTheyDoAtBest) {
  Errors errors;
  for (const Row& row : rows("fabric_bandwidth_golden.csv")) {
    const bool t3k = row.at("system").starts_with("T3K");
    if (!is_best(row) || (!t3k && row.at("system") != "P150 x4")) continue;
    errors.add(
        link_rate(sim::find_system(t3k ? "t3k" : "p150_x4"), std::stoll(row.at("packet_size_b"))),
        std::stod(row.at("avg_bandwidth_gb_s")));
  }
  RecordProperty("mean_percent", std::to_string(100 * errors.mean()));
  RecordProperty("worst_percent", std::to_string(100 * errors.worst()));
  EXPECT_EQ(errors.count(), 10);
  EXPECT_LT(errors.worst(), 0.02);
}

TEST_F(PublishedParts, CoresReadTilesAtTheirRate) {
  Errors errors;
  for (const Row& row : rows("noc_transaction_bw.csv")) {
    if (row.at("table") != "dram_bw") continue;
    const std::int64_t bytes = std::stoll(row.at("transaction_bytes"));
    if (bytes < 512) continue;  // No tile is smaller.
    const auto rate = [&](const char* system) {
      const sim::MatmulModel& model = sim::find_system(system).chip.matmul;
      const sim::Time request =
          std::max(model.core_read_interval, sim::time_for(bytes, model.core_read_bytes_per_s));
      return static_cast<double>(bytes) * 1e3 / static_cast<double>(request.ps());
    };
    errors.add(rate("n150"), std::stod(row.at("wormhole_gb_s_per_core_or_cycles")));
    errors.add(rate("p150"), std::stod(row.at("blackhole_gb_s_per_core_or_cycles")));
  }
  RecordProperty("worst_percent", std::to_string(100 * errors.worst()));
  ASSERT_GT(errors.count(), 0);
  EXPECT_LT(errors.worst(), 0.035);
}

TEST_F(PublishedParts, OverheadsAreTheirPublishedValues) {
  const std::set<std::string> wanted{"device dispatch, minimal program, trace replay",
                                     "op-to-op gap in traced Llama70B decode (typical)",
                                     "first-to-last core start skew, all-core ops"};
  const auto model = [](const std::string& item, const sim::System& system) {
    if (item.starts_with("device dispatch")) return system.host.traced_dispatch;
    return item.starts_with("op-to-op") ? system.chip.launch : system.chip.dispatch_skew;
  };
  int found = 0;
  for (const Row& row : rows("overheads.csv")) {
    if (wanted.count(row.at("item")) == 0) continue;
    const sim::System& system = sim::find_system(row.at("arch") == "WH" ? "t3k" : "bh_galaxy");
    EXPECT_DOUBLE_EQ(static_cast<double>(model(row.at("item"), system).ps()) / 1e6,
                     std::stod(row.at("value")))
        << row.at("item");
    ++found;
  }
  EXPECT_EQ(found, 4);
}

}  // namespace
}  // namespace ttmesh::calibration
