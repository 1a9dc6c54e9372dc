#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "ccl/all_gather.hpp"
#include "ccl/all_reduce.hpp"
#include "ccl/all_to_all.hpp"
#include "ccl/barrier.hpp"
#include "ccl/broadcast.hpp"
#include "ccl/point_to_point.hpp"
#include "ccl/reduce_scatter.hpp"
#include "mesh/tensor/mapper.hpp"
#include "ops/place_as.hpp"
#include "tests/ccl/closed_forms.hpp"
#include "tests/ccl/mesh_fixture.hpp"

// Virtual time of every algorithm on an idle machine, against the closed forms of ccl/README.md: at
// every size, from slices of one page to tensors of 64 MiB.
namespace ttmesh::ccl {
namespace {

using mesh::MeshDevice;
using mesh::Shape;
using mesh::Tensor;
using sim::Time;
using test::ClosedForms;

constexpr std::int64_t kTileBytes = 2048;  // bf16
constexpr int kTileSide = 32;

/// What runs: on a mesh with slices of so many tiles.
struct Call {
  MeshDevice& device;
  int chips;
  std::int64_t slice_tiles;

  /// A tensor over the whole mesh, cut along dim 3: a slice on each chip.
  Tensor sharded() const {
    return mesh::from_host(device, {.shape = whole(), .values = {}},
                           {.distribution = mesh::shard_tensor_to_mesh(device.shape(), 3)});
  }
  /// A term on each chip, with a slice for every chip.
  Tensor partial() const {
    return ops::place_as(replicated(whole()), {mesh::replicate(), mesh::partial()});
  }
  Tensor replicated(const Shape& shape) const {
    return mesh::from_host(device, {.shape = shape, .values = {}}, {});
  }
  /// One slice on each chip.
  Tensor slices() const { return replicated({1, 1, kTileSide, kTileSide * slice_tiles}); }
  /// A shard of dim 2 with a slice of dim 3 for every chip.
  Tensor to_exchange() const {
    const Shape shape{1, 1, std::int64_t{kTileSide} * chips, kTileSide * slice_tiles * chips};
    return mesh::from_host(device, {.shape = shape, .values = {}},
                           {.distribution = mesh::shard_tensor_to_mesh(device.shape(), 2)});
  }
  Shape whole() const { return {1, 1, kTileSide, kTileSide * slice_tiles * chips}; }
  mesh::Coordinate last() const { return {0, chips - 1}; }
};

/// An algorithm, how to run it and what it takes.
struct Algorithm {
  const char* name;
  bool ring;
  std::function<std::function<void()>(const Call&)> prepare;  ///< Inputs first, then the action.
  std::function<Time(const ClosedForms&, int chips)> form;
};

template <typename Options, typename Op>
auto gather_like(Op op, Tensor (Call::*input)() const, Options options) {
  return [=](const Call& call) {
    const Tensor tensor = (call.*input)();
    return std::function<void()>([=] { (void)op(tensor, options); });
  };
}

auto gather(Topology topology, const char* algorithm) {
  return gather_like([](const Tensor& x, const AllGatherOptions& o) { return all_gather(x, o); },
                     &Call::sharded,
                     AllGatherOptions{.dim = 3, .topology = topology, .algorithm = algorithm});
}

auto scatter(Topology topology, const char* algorithm) {
  return gather_like(
      [](const Tensor& x, const ReduceScatterOptions& o) { return reduce_scatter(x, o); },
      &Call::partial, ReduceScatterOptions{.dim = 3, .topology = topology, .algorithm = algorithm});
}

auto reduce_all(Topology topology, const char* algorithm) {
  return gather_like([](const Tensor& x, const AllReduceOptions& o) { return all_reduce(x, o); },
                     &Call::partial,
                     AllReduceOptions{.dim = 3, .topology = topology, .algorithm = algorithm});
}

auto exchange(Topology topology) {
  return gather_like([](const Tensor& x, const AllToAllOptions& o) { return all_to_all(x, o); },
                     &Call::to_exchange,
                     AllToAllOptions{.in_dim = 2, .out_dim = 3, .topology = topology});
}

auto broadcast_from_first(Topology topology) {
  return gather_like([](const Tensor& x, const BroadcastOptions& o) { return broadcast(x, o); },
                     &Call::slices, BroadcastOptions{.root = {0, 0}, .topology = topology});
}

const std::vector<Algorithm>& algorithms() {
  using F = ClosedForms;
  constexpr Topology kLine = Topology::Linear;
  constexpr Topology kRing = Topology::Ring;
  static const std::vector<Algorithm> kAll{
      {"all_gather_line", false, gather(kLine, "line"),
       [](const F& f, int) { return f.all_gather_line(); }},
      {"all_gather_ring", true, gather(kRing, "ring"),
       [](const F& f, int) { return f.all_gather_ring(); }},
      {"all_gather_ring_one_way", true, gather(kRing, "ring_one_way"),
       [](const F& f, int) { return f.all_gather_one_way(); }},
      {"reduce_scatter_line", false, scatter(kLine, "line"),
       [](const F& f, int) { return f.reduce_scatter_line(); }},
      {"reduce_scatter_ring", true, scatter(kRing, "ring"),
       [](const F& f, int) { return f.reduce_scatter_ring(); }},
      {"reduce_scatter_ring_one_way", true, scatter(kRing, "ring_one_way"),
       [](const F& f, int) { return f.reduce_scatter_one_way(); }},
      {"reduce_scatter_direct", true, scatter(kRing, "direct"),
       [](const F& f, int) { return f.reduce_scatter_direct(); }},
      {"all_reduce_line", false, reduce_all(kLine, "line"),
       [](const F& f, int) { return f.reduce_scatter_line() + f.all_gather_line(); }},
      {"all_reduce_ring", true, reduce_all(kRing, "ring"),
       [](const F& f, int) { return f.reduce_scatter_ring() + f.all_gather_ring(); }},
      {"all_reduce_direct", true, reduce_all(kRing, "direct"),
       [](const F& f, int) { return f.reduce_scatter_direct() + f.all_gather_ring(); }},
      {"all_to_all_line", false, exchange(kLine),
       [](const F& f, int) { return f.all_to_all_line(); }},
      {"all_to_all_ring", true, exchange(kRing),
       [](const F& f, int) { return f.all_to_all_ring(); }},
      {"broadcast_line", false, broadcast_from_first(kLine),
       [](const F& f, int n) { return f.multicast(n - 1, false); }},
      {"broadcast_ring", true, broadcast_from_first(kRing),
       [](const F& f, int n) { return f.multicast(n / 2, true); }},
      {"point_to_point", false,
       [](const Call& call) {
         const Tensor tensor = call.slices();
         return std::function<void()>([tensor, to = call.last()] {
           (void)point_to_point(tensor, {.from = {0, 0}, .to = to});
         });
       },
       [](const F& f, int n) { return f.multicast(n - 1, false); }},
      {"barrier", false,
       [](const Call& call) {
         return std::function<void()>([device = call.device] { barrier(device); });
       },
       [](const F& f, int n) { return f.barrier(n - 1); }},
  };
  return kAll;
}

/// From the first chip's start to the last one's end.
Time elapsed(const mesh::Report& report) {
  Time start = report.uses.front().use.start;
  Time end;
  for (const mesh::ChipUse& each : report.uses) {
    start = std::min(start, each.use.start);
    end = std::max(end, each.use.end);
  }
  return end - start;
}

double microseconds(Time time) { return static_cast<double>(time.ps()) / 1e6; }

using Point = std::tuple<const char*, std::size_t, int>;

class VirtualTime : public testing::TestWithParam<Point> {};

TEST_P(VirtualTime, IsItsClosedFormAtEverySize) {
  const auto& [system, index, chips] = GetParam();
  const Algorithm& algorithm = algorithms()[index];
  constexpr std::int64_t kMostBytes = std::int64_t{64} << 20;
  const std::string topology =
      std::string(system) + ":1x" + std::to_string(chips) + (algorithm.ring ? ":ring" : ":line");
  for (std::int64_t tiles = 1; tiles * chips * kTileBytes <= kMostBytes;
       tiles *= tiles == 1 ? 4 : 8) {
    MeshDevice device = test::open_mesh(topology, true);
    const auto action = algorithm.prepare({device, chips, tiles});
    device.start_recording();
    action();
    const Time found = elapsed(device.report());
    const Time expected =
        algorithm.form(ClosedForms(device.machine(), chips, tiles, kTileBytes), chips);
    EXPECT_NEAR(microseconds(found), microseconds(expected), microseconds(expected) / 1000)
        << tiles << " tiles in a slice";
    device.close();
  }
}

std::vector<Point> points() {
  std::vector<Point> all;
  for (const char* system : {"t3k", "bh_galaxy"}) {
    for (std::size_t index = 0; index < algorithms().size(); ++index) {
      for (const int chips : {2, 3, 4, 5, 8, 16}) {
        if (chips > 2 || !algorithms()[index].ring) all.emplace_back(system, index, chips);
      }
    }
  }
  return all;
}

std::string point_name(const testing::TestParamInfo<Point>& point) {
  const auto& [system, index, chips] = point.param;
  return std::string(system) + "_" + algorithms()[index].name + "_" + std::to_string(chips);
}

INSTANTIATE_TEST_SUITE_P(Idle, VirtualTime, testing::ValuesIn(points()), point_name);

Time all_reduce_time(const std::vector<std::string>& settings) {
  MeshDevice device = test::open_mesh("t3k:1x8:ring", true, settings);
  const Call call{.device = device, .chips = 8, .slice_tiles = 64};
  const Tensor input = call.partial();
  device.synchronize();
  device.start_recording();
  (void)all_reduce(input, {.dim = 3, .cluster_axis = 1, .topology = Topology::Ring});
  const Time time = elapsed(device.report());
  device.close();
  return time;
}

TEST(SlowChip, DelaysTheWholeRing) {
  const Time usual = all_reduce_time({});
  EXPECT_EQ(all_reduce_time({"chip(5).slowdown=1"}), usual);
  EXPECT_GT(all_reduce_time({"chip(5).slowdown=2"}), usual);
  EXPECT_GT(all_reduce_time({"chip.slowdown=2"}), all_reduce_time({"chip(5).slowdown=2"}));
  EXPECT_LT(all_reduce_time({"chip.slowdown=2"}), usual + usual);  // Hops are as before.
}

}  // namespace
}  // namespace ttmesh::ccl
