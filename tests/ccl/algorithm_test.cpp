#include "ccl/algorithm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "ccl/all_gather.hpp"
#include "ccl/all_reduce.hpp"
#include "ccl/reduce_scatter.hpp"
#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "ops/place_as.hpp"
#include "tests/ccl/mesh_fixture.hpp"

// Which algorithm runs, and that each gives the same values.
namespace ttmesh::ccl {
namespace {

using mesh::HostTensor;
using mesh::MeshDevice;
using mesh::Tensor;
using sim::Time;
using test::open_mesh;
using testing::HasSubstr;

template <typename Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

Tensor terms_of(const MeshDevice& device, std::int64_t width) {
  return test::write_terms(device, {.shape = {1, 1, 32, width}, .summed_axis = 1}).tensor;
}

TEST(Algorithms, AllGiveTheSameValues) {
  MeshDevice device = open_mesh("t3k:1x8:ring");
  const test::Terms terms = test::write_terms(device, {.shape = {1, 1, 32, 512}, .summed_axis = 1});
  const std::vector<float> sum = test::sum_on_line(terms, device.shape(), 1, 0);
  for (const char* algorithm :
       {"line", "ring", "ring_one_way", "direct", "routed", "gather", "fastest"}) {
    const AllReduceOptions options{.topology = Topology::Ring, .algorithm = algorithm};
    for (const HostTensor& shard : mesh::shards_to_host(all_reduce(terms.tensor, options))) {
      EXPECT_EQ(shard.floats(), sum) << algorithm;
    }
  }
  device.close();
}

TEST(Algorithms, AreThoseOfTtMetalUnlessAskedFor) {
  MeshDevice device = open_mesh("t3k:1x8:ring", true);
  const auto choice = [&](std::int64_t width, Topology topology) {
    return choice_of(device, terms_of(device, width).spec(),
                     ReduceScatterOptions{.dim = 3, .topology = topology});
  };
  EXPECT_EQ(choice(2048, Topology::Ring).algorithm, "direct");
  EXPECT_THAT(choice(2048, Topology::Ring).reason, HasSubstr("at most 524288 bytes"));
  EXPECT_EQ(choice(8192, Topology::Ring).algorithm, "ring");
  EXPECT_EQ(choice(8192, Topology::Linear).algorithm, "line");
  device.close();
}

/// Virtual time of one all-reduce on an idle machine.
Time measured(MeshDevice& device, const Tensor& terms, const std::string& algorithm) {
  device.start_recording();
  (void)all_reduce(terms, {.topology = Topology::Ring, .algorithm = algorithm});
  Time time;
  for (const mesh::OpTotal& op : device.report().ops) time += op.time;
  return time;
}

TEST(Algorithms, FastestIsNoSlowerThanAnyOther) {
  MeshDevice device = open_mesh("bh_galaxy:1x8:ring", true);
  for (const std::int64_t width : {256, 2048, 16384, 262144}) {
    const Tensor terms = terms_of(device, width);
    const Time fastest = measured(device, terms, "fastest");
    for (const char* algorithm : {"line", "ring", "ring_one_way", "direct", "gather"}) {
      EXPECT_LE(fastest, measured(device, terms, algorithm)) << algorithm << ", " << width;
    }
  }
  device.close();
}

TEST(Algorithms, FastestOnAWholeMeshIsNoSlowerThanEither) {
  MeshDevice device = open_mesh("galaxy:4x8:ring", true);
  for (const std::int64_t width : {1024, 32768, 1048576}) {
    const Tensor terms = ops::place_as(test::write_shards(device, {1, 1, 32, width}).tensor,
                                       {mesh::partial(), mesh::partial()});
    const auto end_of = [&](const char* algorithm) {
      device.start_recording();
      (void)all_reduce(terms, {.topology = Topology::Ring, .algorithm = algorithm});
      const mesh::Report report = device.report();
      return report.end - report.begin;
    };
    const AllReduceOptions fastest{.topology = Topology::Ring, .algorithm = "fastest"};
    const Choice choice = choice_of(device, terms.spec(), fastest);
    EXPECT_THAT(choice.reason, HasSubstr("fastest predicted: two_axis "));
    ASSERT_TRUE(choice.predicted.has_value());
    EXPECT_GT(*choice.predicted, Time());
    for (const char* other : {"two_axis", "axis_by_axis"}) {
      EXPECT_LE(end_of("fastest"), end_of(other)) << other << ", " << width;
    }
  }
  device.close();
}

TEST(Algorithms, ArePredictedToTheLastPicosecond) {
  MeshDevice device = open_mesh("t3k:1x8:ring", true, {"link(2-3).latency=+3us"});
  const Tensor terms = terms_of(device, 4096);
  const ReduceScatterOptions fastest{.dim = 3, .topology = Topology::Ring, .algorithm = "fastest"};
  const Choice choice = choice_of(device, terms.spec(), fastest);
  EXPECT_THAT(choice.reason, HasSubstr("fastest predicted: "));
  device.start_recording();
  (void)reduce_scatter(terms, fastest);
  EXPECT_EQ(choice.predicted, device.report().ops.front().time);
  device.close();
}

TEST(Algorithms, TakeTheLineWhereALinkOfTheRingIsDown) {
  MeshDevice device = open_mesh("t3k:1x8:ring", true, {"link(0-7).down=true"});
  const Choice choice = choice_of(device, terms_of(device, 512).spec(),
                                  ReduceScatterOptions{.dim = 3, .topology = Topology::Ring});
  EXPECT_EQ(choice.algorithm, "line");
  EXPECT_EQ(choice.reason, "the link between chips 7 and 0 is down: the ring is used as a line");
  device.close();
}

TEST(Algorithms, TakeDetoursWhereALineIsInPieces) {
  MeshDevice device = open_mesh("t3k:2x4:line", true, {"link(1-2).down=true"});
  const Choice choice = choice_of(device, terms_of(device, 512).spec(),
                                  ReduceScatterOptions{.dim = 3, .cluster_axis = 1});
  EXPECT_EQ(choice.algorithm, "routed");
  EXPECT_EQ(choice.reason, "the link between chips 1 and 2 is down: payloads take detours");
  device.close();
}

TEST(Algorithms, RefuseWhatTheLinksDoNotAllow) {
  MeshDevice device = open_mesh("t3k:1x8:line", true);
  const Tensor terms = terms_of(device, 512);
  EXPECT_THAT(refusal([&] { (void)reduce_scatter(terms, {.dim = 3, .algorithm = "direct"}); }),
              HasSubstr("algorithm direct cannot run here: it needs topology Ring on at least 3 "
                        "chips; there are line, routed"));
  EXPECT_THAT(refusal([&] { (void)all_reduce(terms, {.algorithm = "tree"}); }),
              HasSubstr("[all_reduce] algorithm 'tree' is unknown; there are line, ring, "
                        "ring_one_way, direct, routed, gather, fastest"));
  device.close();
}

// Commands may come from files, with attributes that no call has written.
TEST(Algorithms, RefuseAttributesThatNoScheduleCanFollow) {
  MeshDevice device = open_mesh("t3k:1x4:line", true);
  const mesh::TensorSpec terms = terms_of(device, 128).spec();
  const mesh::Attributes usual{{"dim", std::int64_t{3}},
                               {"cluster_axis", std::int64_t{1}},
                               {"num_links", std::int64_t{1}},
                               {"memory", std::string("dram")},
                               {"algorithm", std::string("line")}};
  const auto refused = [&](const std::string& name, const mesh::AttributeValue& value) {
    mesh::Attributes attributes = usual;
    attributes.set(name, value);
    return refusal([&] { (void)device.predict("reduce_scatter", {terms}, attributes); });
  };
  EXPECT_EQ(refused("algorithm", std::string("line")), "accepted");
  EXPECT_THAT(refused("algorithm", std::string("ring")), HasSubstr("a ring is needed"));
  EXPECT_THAT(refused("algorithm", std::string("zap")), HasSubstr("no algorithm is called 'zap'"));
  EXPECT_THAT(refused("cluster_axis", std::int64_t{2}), HasSubstr("cluster_axis is 2"));
  EXPECT_THAT(refused("cluster_axis", std::int64_t{-1}), HasSubstr("cluster_axis is -1"));
  device.close();
}

}  // namespace
}  // namespace ttmesh::ccl
