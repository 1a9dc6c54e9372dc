#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "ccl/all_gather.hpp"
#include "ccl/reduce_scatter.hpp"
#include "mesh/program/machine.hpp"
#include "mesh/tensor/mapper.hpp"
#include "ops/place_as.hpp"
#include "sim/collective_model.hpp"
#include "tests/ccl/mesh_fixture.hpp"

// Virtual time of a collective on an idle machine, against the closed forms of ccl/README.md.
namespace ttmesh::ccl {
namespace {

using mesh::MeshDevice;
using mesh::Shape;
using mesh::Tensor;
using sim::Engine;
using sim::Time;

constexpr std::int64_t kTileBytes = 2048;  // bf16

/// Closed forms for n chips and T bytes of the whole tensor on one chip.
class Forms {
 public:
  Forms(const mesh::Machine& machine, int chips, std::int64_t bytes)
      : model_(machine.collective),
        link_(machine.channels.front().link),
        links_(machine.topology.usable_links),
        chips_(chips),
        bytes_(bytes) {}

  Time all_gather_line() const {
    const Time multicast = (chips_ - 1) * (barrier() + link_.latency) + (chips_ - 2) * head() +
                           stream(Engine::Router, false, (chips_ - 1) * bytes_ / chips_);
    return model_.setup + std::max(multicast, own_send_and_copy());
  }
  Time all_gather_ring() const {
    return model_.setup + barrier() + rounds() * (link_.latency + model_.relay_step) +
           stream(Engine::Relay, true, (chips_ - 1) * bytes_ / chips_ / 2);
  }
  Time reduce_scatter_line() const {
    const Time slice = stream(Engine::Reduction, false, bytes_ / chips_);
    return model_.setup + barrier() + (chips_ - 1) * (link_.latency + model_.reduce_step + slice);
  }
  Time reduce_scatter_ring() const {
    if (bytes_ <= model_.direct_bytes) return reduce_scatter_direct();
    return model_.setup + barrier() + rounds() * (link_.latency + model_.reduce_step) +
           stream(Engine::Reduction, true, (chips_ - 1) * bytes_ / chips_ / 2);
  }

 private:
  /// Every slice crosses as many links as its owner is hops away, half of the farthest ones of an
  /// even ring in each direction.
  Time reduce_scatter_direct() const {
    const std::int64_t quarters =
        chips_ % 2 == 0 ? 2 * rounds() * (rounds() - 1) + chips_ : 2 * rounds() * (rounds() + 1);
    return model_.setup + barrier() + rounds() * model_.direct_step + link_.latency +
           stream(Engine::Direct, true, quarters * bytes_ / chips_ / 4);
  }
  /// A router forwards when it has the first packet.
  Time head() const { return head_serialisation(link_, bytes_ / chips_ / links_); }
  /// Of the chip in the middle, whose own shard leaves last.
  Time own_send_and_copy() const {
    if (!model_.serial_copy) return {};
    const std::int64_t shard = bytes_ / chips_;
    const std::int64_t passed = (chips_ - 1) / 2;
    return (chips_ - 1) * barrier() + passed * (link_.latency + head()) +
           stream(Engine::Router, false, (passed + 1) * shard) +
           copy_time(model_, link_, shard / links_);
  }
  std::int64_t rounds() const { return chips_ / 2; }
  Time barrier() const { return link_.latency + model_.barrier_step; }
  Time stream(Engine engine, bool ring, std::int64_t bytes) const {
    return transfer_time(
        model_, link_, {.engine = engine, .ring = ring, .bytes = bytes / links_, .links = links_});
  }

  const sim::CollectiveModel& model_;
  const sim::LinkModel& link_;
  int links_;
  std::int64_t chips_;
  std::int64_t bytes_;
};

Shape whole_shape(std::int64_t bytes) { return {1, 1, 32, 32 * (bytes / kTileBytes)}; }

Tensor sharded(const MeshDevice& device, std::int64_t bytes) {
  const Shape whole = whole_shape(bytes);
  return mesh::from_host(device, {.shape = whole, .values = {}},
                         {.distribution = mesh::shard_tensor_to_mesh(device.shape(), 3)});
}

Tensor partial(const MeshDevice& device, std::int64_t bytes) {
  const Tensor terms = mesh::from_host(device, {.shape = whole_shape(bytes), .values = {}}, {});
  return ops::place_as(terms, {mesh::replicate(), mesh::partial()});
}

/// Virtual time of the one command that `action` issues on an idle machine.
template <typename Action>
Time measured(MeshDevice& device, Action action) {
  device.start_recording();
  action();
  return device.report().ops.front().time;
}

void expect_within_a_thousandth(Time found, Time expected) {
  const auto microseconds = [](Time time) { return static_cast<double>(time.ps()) / 1e6; };
  EXPECT_NEAR(microseconds(found), microseconds(expected), microseconds(expected) / 1000);
}

using Point = std::tuple<const char*, int, std::int64_t>;

class VirtualTime : public testing::TestWithParam<Point> {
 protected:
  MeshDevice open(const std::string& kind) const {
    const std::string system = std::get<0>(GetParam());
    return test::open_mesh(system + ":1x" + std::to_string(chips()) + ":" + kind, true);
  }
  int chips() const { return std::get<1>(GetParam()); }
  /// Bytes that cut evenly into halves of slices over two links.
  std::int64_t bytes() const { return std::get<2>(GetParam()) * 4 * chips() * kTileBytes; }
};

class LineTime : public VirtualTime {};
class RingTime : public VirtualTime {};

TEST_P(LineTime, OfAnAllGatherIsItsClosedForm) {
  MeshDevice device = open("line");
  const Tensor input = sharded(device, bytes());
  const Time time = measured(device, [&] { (void)all_gather(input, {.dim = 3}); });
  expect_within_a_thousandth(time, Forms(device.machine(), chips(), bytes()).all_gather_line());
  device.close();
}

TEST_P(LineTime, OfAReduceScatterIsItsClosedForm) {
  MeshDevice device = open("line");
  const Tensor input = partial(device, bytes());
  const Time time = measured(device, [&] { (void)reduce_scatter(input, {.dim = 3}); });
  expect_within_a_thousandth(time, Forms(device.machine(), chips(), bytes()).reduce_scatter_line());
  device.close();
}

TEST_P(RingTime, OfAnAllGatherIsItsClosedForm) {
  MeshDevice device = open("ring");
  const Tensor input = sharded(device, bytes());
  const Time time =
      measured(device, [&] { (void)all_gather(input, {.dim = 3, .topology = Topology::Ring}); });
  expect_within_a_thousandth(time, Forms(device.machine(), chips(), bytes()).all_gather_ring());
  device.close();
}

TEST_P(RingTime, OfAReduceScatterIsItsClosedForm) {
  MeshDevice device = open("ring");
  const Tensor input = partial(device, bytes());
  const Time time = measured(
      device, [&] { (void)reduce_scatter(input, {.dim = 3, .topology = Topology::Ring}); });
  expect_within_a_thousandth(time, Forms(device.machine(), chips(), bytes()).reduce_scatter_ring());
  device.close();
}

std::string point_name(const testing::TestParamInfo<Point>& point) {
  const auto& [system, chips, units] = point.param;
  return std::string(system) + "_" + std::to_string(chips) + "_" + std::to_string(units);
}

INSTANTIATE_TEST_SUITE_P(Idle, LineTime,
                         testing::Combine(testing::Values("t3k", "bh_galaxy"),
                                          testing::Values(2, 3, 4, 5, 8), testing::Values(1, 16)),
                         point_name);
INSTANTIATE_TEST_SUITE_P(IdleAndLong, LineTime,
                         testing::Combine(testing::Values("t3k", "bh_galaxy"),
                                          testing::Values(3, 4, 8), testing::Values(1024)),
                         point_name);
INSTANTIATE_TEST_SUITE_P(Idle, RingTime,
                         testing::Combine(testing::Values("t3k", "bh_galaxy"),
                                          testing::Values(3, 4, 5, 8, 32),
                                          testing::Values(4, 8, 64, 1024)),
                         point_name);

}  // namespace
}  // namespace ttmesh::ccl
