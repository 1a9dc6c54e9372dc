#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "mesh/device/mesh_device.hpp"
#include "sim/trace.hpp"
#include "tests/device/small_device.hpp"

namespace ttmesh::mesh {
namespace {

/// A few rotations and doublings, recorded.
Report recorded(OpenOptions options) {
  MeshDevice device = small_device("t3k:1x8:ring", std::move(options));
  Tensor tensor = ramp(device);
  device.start_recording(true);
  for (int i = 0; i < 3; ++i) {
    tensor = device.enqueue("rotate", std::array{tensor}, {}).front();
    tensor = device.enqueue("double", std::array{tensor}, {}).front();
  }
  return device.report();
}

std::string trace_text(const Report& report) {
  std::ostringstream out;
  sim::write_perfetto(out, report.trace);
  return out.str();
}

TEST(Report, CountsWhatHappenedSinceRecordingBegan) {
  const Report report = recorded({});
  ASSERT_EQ(report.ops.size(), 2U);
  EXPECT_EQ(report.ops[0].op, "rotate");
  EXPECT_EQ(report.ops[0].calls, 3);
  EXPECT_EQ(report.ops[1].op, "double");
  std::int64_t bytes = 0;
  for (const LinkUse& use : report.links) bytes += use.bytes;
  EXPECT_EQ(bytes, 3 * 8 * 4'096);
}

TEST(Report, ListsEveryUseOfEveryChip) {
  const Report report = recorded({});
  ASSERT_EQ(report.uses.size(), 6U * 8U);
  for (std::size_t i = 0; i < report.uses.size(); ++i) {
    EXPECT_EQ(report.uses[i].chip, static_cast<ChipId>(i % 8));
    EXPECT_EQ(name_of(report, report.uses[i].use.command).op, i / 8 % 2 == 0 ? "rotate" : "double");
    EXPECT_LE(report.uses[i].use.start, report.uses[i].use.end);
  }
}

TEST(Report, SpansFirstDispatchToLastEnd) {
  const Report report = recorded({});
  sim::Time total;
  for (const OpTotal& op : report.ops) total += op.time;
  EXPECT_GE(report.end - report.begin, total);
}

TEST(Report, IsTheSameForAnyNumberOfThreads) {
  const std::string one = trace_text(recorded({.threads = 1}));
  EXPECT_EQ(trace_text(recorded({.threads = 2})), one);
  EXPECT_EQ(trace_text(recorded({.threads = 2})), one);
}

TEST(Report, IsTheSameTimingOnly) {
  EXPECT_EQ(trace_text(recorded({.timing_only = true})), trace_text(recorded({})));
}

TEST(Report, HasATrackForEveryQueueAndLinkDirection) {
  const Report report = recorded({});
  EXPECT_EQ(report.trace.tracks.size(), 8U + 2U * 16U);
  EXPECT_TRUE(std::all_of(report.trace.slices.begin(), report.trace.slices.end(),
                          [](const sim::Slice& slice) { return slice.end >= slice.start; }));
}

TEST(Report, ASlowLinkDelaysTheOpsThatUseIt) {
  const Report plain = recorded({});
  const Report slow = recorded({.settings = {sim::parse_setting("link(2-3).latency=+50us")}});
  EXPECT_GT(slow.end - slow.begin, plain.end - plain.begin + sim::Time::microseconds(49));
}

TEST(Report, ASlowChipDelaysItsNeighbours) {
  const Report plain = recorded({});
  const Report slow = recorded({.settings = {sim::parse_setting("chip(3).slowdown=1000")}});
  EXPECT_GT(slow.end - slow.begin, plain.end - plain.begin);
}

}  // namespace
}  // namespace ttmesh::mesh
