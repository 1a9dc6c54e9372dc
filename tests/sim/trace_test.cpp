#include "sim/trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace ttmesh::sim {
namespace {

using nlohmann::json;

Trace example() {
  Trace trace;
  trace.tracks = {{.process = 0, .id = 0, .name = "chip 0"},
                  {.process = 0, .id = 1, .name = "chip 1"},
                  {.process = 1, .id = 2, .name = "link 0>1 #0"}};
  trace.slices = {{.track = 0,
                   .start = Time::nanoseconds(1'500),
                   .end = Time::picoseconds(4'000'001),
                   .command = 7,
                   .name = "linear"},
                  {.track = 2,
                   .start = Time::microseconds(4),
                   .end = Time::microseconds(6),
                   .command = 8,
                   .step = 3,
                   .name = "say \"hi\"\n\\",
                   .bytes = 4096},
                  {.track = 1,
                   .start = Time::microseconds(4),
                   .end = Time::microseconds(5),
                   .command = 8,
                   .name = "add"}};
  trace.arrows = {{.from_track = 2,
                   .to_track = 1,
                   .sent = Time::microseconds(4),
                   .received = Time::nanoseconds(6'711),
                   .command = 8,
                   .step = 3}};
  return trace;
}

std::string written(Trace trace) {
  sort(trace);
  std::ostringstream out;
  write_perfetto(out, trace);
  return out.str();
}

std::vector<json> events_of(const std::string& text, const std::string& phase) {
  std::vector<json> result;
  const json document = json::parse(text);
  for (const json& event : document.at("traceEvents")) {
    if (event.at("ph") == phase) result.push_back(event);
  }
  return result;
}

TEST(Trace, SortsSlicesByStartTrackCommandAndStep) {
  Trace trace;
  for (const std::uint32_t step : {2u, 1u}) {
    for (const std::uint64_t command : {6u, 5u}) {
      for (const int track : {1, 0}) {
        for (const int start : {9, 8}) {
          trace.slices.push_back({.track = track,
                                  .start = Time::nanoseconds(start),
                                  .end = Time::nanoseconds(10),
                                  .command = command,
                                  .step = step,
                                  .name = "op"});
        }
      }
    }
  }
  sort(trace);
  const auto key = [](const Slice& s) { return std::tuple(s.start, s.track, s.command, s.step); };
  EXPECT_TRUE(std::is_sorted(trace.slices.begin(), trace.slices.end(),
                             [&](const Slice& a, const Slice& b) { return key(a) < key(b); }));
  EXPECT_EQ(trace.slices.front().start, Time::nanoseconds(8));
}

TEST(Perfetto, WritesSlicesInVirtualMicroseconds) {
  const std::vector<json> slices = events_of(written(example()), "X");
  ASSERT_EQ(slices.size(), 3u);
  EXPECT_EQ(slices[0].at("name"), "linear");
  EXPECT_EQ(slices[0].at("ts"), 1.5);
  EXPECT_EQ(slices[0].at("dur"), 2.500001);
  EXPECT_EQ(slices[0].at("pid"), 0);
  EXPECT_EQ(slices[0].at("tid"), 0);
  EXPECT_EQ(slices[1].at("name"), "add");
  EXPECT_EQ(slices[2].at("pid"), 1);
  EXPECT_EQ(slices[2].at("args"), (json{{"bytes", 4096}, {"command", 8}, {"step", 3}}));
}

TEST(Perfetto, CountsHowBusyLinksWere) {
  const std::vector<json> counters = events_of(written(example()), "C");
  ASSERT_GE(counters.size(), 2u);
  EXPECT_EQ(counters.front().at("name"), "link 0>1 #0 used");
  EXPECT_EQ(counters.front().at("pid"), 1);
  EXPECT_EQ(counters.back().at("args").at("percent"), 0.0);
  double most = 0;
  for (const json& counter : counters) {
    most = std::max(most, counter.at("args").at("percent").get<double>());
  }
  EXPECT_EQ(most, 100.0);  // It carries payload from 4 to 6 us.
}

TEST(Perfetto, WritesTimesAsExactDigits) {
  EXPECT_THAT(written(example()), testing::HasSubstr("\"ts\": 1.5, \"dur\": 2.500001,"));
}

TEST(Perfetto, EscapesNames) {
  EXPECT_EQ(events_of(written(example()), "X")[2].at("name"), "say \"hi\"\n\\");
}

TEST(Perfetto, NamesAndOrdersProcessesAndTracks) {
  std::vector<json> names = events_of(written(example()), "M");
  ASSERT_EQ(names.size(), 2u * 2 + 3u * 2);
  EXPECT_EQ(names[0].at("name"), "process_name");
  EXPECT_EQ(names[0].at("args").at("name"), "mesh 0");
  const json& link = names[8];
  EXPECT_EQ(link.at("name"), "thread_name");
  EXPECT_EQ(link.at("pid"), 1);
  EXPECT_EQ(link.at("tid"), 2);
  EXPECT_EQ(link.at("args").at("name"), "link 0>1 #0");
  EXPECT_EQ(names[9].at("args").at("sort_index"), 2);
}

TEST(Perfetto, JoinsSendsToReceives) {
  const std::string text = written(example());
  const std::vector<json> sends = events_of(text, "s");
  const std::vector<json> receives = events_of(text, "f");
  ASSERT_EQ(sends.size(), 1u);
  ASSERT_EQ(receives.size(), 1u);
  EXPECT_EQ(sends[0].at("id"), receives[0].at("id"));
  EXPECT_EQ(sends[0].at("ts"), 4.0);
  EXPECT_EQ(sends[0].at("tid"), 2);
  EXPECT_EQ(receives[0].at("ts"), 6.711);
  EXPECT_EQ(receives[0].at("tid"), 1);
  EXPECT_EQ(receives[0].at("bp"), "e");
}

TEST(Perfetto, WritesTheSameBytesWhateverTheOrderOfRecording) {
  Trace reversed = example();
  std::reverse(reversed.tracks.begin(), reversed.tracks.end());
  std::reverse(reversed.slices.begin(), reversed.slices.end());
  EXPECT_EQ(written(example()), written(reversed));
}

TEST(Perfetto, WritesAnEmptyTrace) {
  EXPECT_EQ(json::parse(written({})), (json{{"traceEvents", json::array()}}));
}

TEST(Perfetto, RefusesAnUnknownTrack) {
  Trace trace = example();
  trace.tracks.pop_back();
  EXPECT_THROW((void)written(trace), std::invalid_argument);
}

}  // namespace
}  // namespace ttmesh::sim
