#include "mesh/device/mesh_device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>

#include "mesh/device/transfer.hpp"
#include "mesh/program/command.hpp"
#include "mesh/tensor/mapper.hpp"
#include "mesh/topology/error.hpp"
#include "mesh/topology/load.hpp"
#include "tests/device/small_device.hpp"

namespace ttmesh::mesh {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(MeshDevice, HasTheShapeOfItsMesh) {
  EXPECT_EQ(small_device("tg").shape(), (MeshShape{4, 8}));
  EXPECT_EQ(small_device("t3k:1x8:ring").shape(), (MeshShape{1, 8}));
}

TEST(MeshDevice, ReturnsHandlesBeforeAnythingHasRun) {
  MeshDevice device = small_device("t3k:1x8:ring");
  const Tensor input = ramp(device);
  const Tensor output = device.enqueue("double", std::array{input}, {}).front();
  EXPECT_EQ(output.shape(), input.shape());
  EXPECT_EQ(output.global_shape(), (Shape{1, 1, 32, 256}));
  EXPECT_EQ(to_host(output).floats()[255], 16.0F);
}

TEST(MeshDevice, ASubmeshRunsOnItsOwnChips) {
  MeshDevice device = small_device("tg");
  MeshDevice corner = device.submesh({2, 4}, {2, 4});
  const Tensor input = ramp(corner);
  const Tensor output = corner.enqueue("double", std::array{input}, {}).front();
  EXPECT_EQ(to_host(output).floats()[127], 8.0F);
  EXPECT_EQ(device.memory_used(0, BufferType::Dram), 0);
  EXPECT_EQ(device.memory_used(31, BufferType::Dram), 2 * 4'096);
}

TEST(MeshDevice, RefusesASubmeshThatSticksOut) {
  EXPECT_THAT(
      [] {
        (void)small_device("tg").submesh({2, 4}, {3, 0});
      },
      ThrowsMessage<std::invalid_argument>(
          HasSubstr("2x4 at row 3, column 0 does not lie within the 4x8 mesh")));
}

TEST(MeshDevice, RefusesTensorsOfAnotherDevice) {
  MeshDevice device = small_device("tg");
  MeshDevice half = device.submesh({2, 8});
  const Tensor input = ramp(half);
  EXPECT_THAT([&] { (void)device.enqueue("double", std::array{input}, {}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("lives on another mesh device (2x8")));
}

TEST(MeshDevice, RefusesADeallocatedTensor) {
  MeshDevice device = small_device("t3k");
  Tensor input = ramp(device);
  input.deallocate();
  EXPECT_FALSE(input.is_allocated());
  EXPECT_THAT([&] { (void)device.enqueue("double", std::array{input}, {}); },
              ThrowsMessage<std::invalid_argument>(
                  HasSubstr("[double] input 0 (tensor %1) was deallocated")));
}

TEST(MeshDevice, RefusesAnEmptyHandle) {
  MeshDevice device = small_device("t3k");
  EXPECT_THROW((void)device.enqueue("double", std::array{Tensor()}, {}), std::invalid_argument);
}

TEST(MeshDevice, RefusesAnUnknownOpListingTheKnownOnes) {
  MeshDevice device = small_device("t3k");
  const Tensor input = ramp(device);
  EXPECT_THAT([&] { (void)device.enqueue("dubble", std::array{input}, {}); },
              ThrowsMessage<std::invalid_argument>(
                  AllOf(HasSubstr("no op is called 'dubble'"), HasSubstr("double"))));
}

TEST(MeshDevice, FreesMemoryWithTheLastHandle) {
  MeshDevice device = small_device("t3k");
  {
    const Tensor first = ramp(device);
    // A second handle. NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
    const Tensor second = first;
    EXPECT_EQ(device.memory_used(0, BufferType::Dram), 4'096);
  }
  EXPECT_EQ(device.memory_used(0, BufferType::Dram), 0);
}

TEST(MeshDevice, AViewSharesTheMemoryOfItsInput) {
  MeshDevice device = small_device("t3k");
  Tensor input = ramp(device);
  Tensor view = device.enqueue("look", std::array{input}, {}).front();
  EXPECT_EQ(device.memory_used(0, BufferType::Dram), 4'096);
  input = {};
  EXPECT_EQ(device.memory_used(0, BufferType::Dram), 4'096);
  EXPECT_EQ(to_host(view).floats()[0], 1.0F);
  view = {};
  EXPECT_EQ(device.memory_used(0, BufferType::Dram), 0);
}

TEST(MeshDevice, DeallocatingAViewDeallocatesItsInput) {
  MeshDevice device = small_device("t3k");
  const Tensor input = ramp(device);
  Tensor view = device.enqueue("look", std::array{input}, {}).front();
  view.deallocate();
  EXPECT_FALSE(input.is_allocated());
  EXPECT_EQ(device.memory_used(0, BufferType::Dram), 0);
}

TEST(MeshDevice, TellsTheChipsOfDropsWithTheNextCommand) {
  MeshDevice device = small_device("t3k");
  device.record_program();
  { const Tensor dropped = ramp(device); }
  const Tensor kept = ramp(device);
  EXPECT_EQ(device.program().back()->drops, std::vector<TensorId>{1});
}

TEST(MeshDevice, KeepsADropUntilACommandReachesItsChips) {
  MeshDevice device = small_device("tg");
  device.record_program();
  { const Tensor dropped = ramp(device); }
  MeshDevice half = device.submesh({2, 8});
  const Tensor kept = ramp(half);
  EXPECT_TRUE(device.program().back()->drops.empty());
  device.synchronize();
  EXPECT_NE(device.program().back()->op, "free");
  const Tensor everywhere = ramp(device);
  EXPECT_EQ(device.program().back()->drops, std::vector<TensorId>{1});
}

TEST(MeshDevice, TellsTheChipsAtOnceOfDropsThatHoldMuch) {
  MeshDevice device = small_device("tg");
  device.record_program();
  std::vector<Tensor> tensors;
  for (int i = 0; i < 8; ++i) tensors.push_back(ramp(device));  // 128 KiB each.
  tensors.clear();
  device.synchronize();
  EXPECT_EQ(device.program().back()->op, "free");
  EXPECT_EQ(device.program().back()->drops.size(), 8U);
}

TEST(MeshDevice, DroppingTakesNoVirtualTime) {
  const auto time_of = [](bool drops) {
    MeshDevice device = small_device("tg");
    std::vector<Tensor> tensors;
    for (int i = 0; i < 16; ++i) tensors.push_back(ramp(device));
    if (drops) tensors.clear();
    device.synchronize();
    const Tensor last = ramp(device);
    return device.synchronize();
  };
  EXPECT_EQ(time_of(true), time_of(false));
}

TEST(MeshDevice, RefusesATensorThatDoesNotFitAtTheCall) {
  MeshDevice device = small_device("t3k", {.timing_only = true});
  const WriteOptions options{.dtype = DataType::Float32};
  HostTensor huge{{1, 1, 65'536, 65'536}, std::vector<float>{}};
  EXPECT_THAT([&] { (void)from_host(device, huge, options); },
              ThrowsMessage<Error>(AllOf(HasSubstr("write"), HasSubstr("chip 0"))));
  EXPECT_EQ(device.memory_used(0, BufferType::Dram), 0);
}

TEST(MeshDevice, TakesMoreCommandsThanTheWindowHolds) {
  MeshDevice device = small_device("t3k:1x2:line");
  Tensor tensor = ramp(device);
  for (int i = 0; i < 3'000; ++i) tensor = device.enqueue("keep", std::array{tensor}, {}).front();
  EXPECT_EQ(to_host(tensor).floats()[0], 1.0F);
}

TEST(MeshDevice, ThrowsOnceClosed) {
  MeshDevice device = small_device("t3k");
  Tensor tensor = ramp(device);
  device.close();
  EXPECT_THAT([&] { (void)device.enqueue("double", std::array{tensor}, {}); },
              ThrowsMessage<Error>(HasSubstr("closed")));
  EXPECT_THROW((void)device.synchronize(), Error);
  tensor.deallocate();  // Does nothing, quietly.
}

TEST(MeshDevice, NamesTheModuleCallOfEachCommand) {
  MeshDevice device = small_device("t3k");
  device.record_program();
  const Tensor input = ramp(device);
  {
    const CallScope mlp(device, "mlp");
    const CallScope decode(device, "decode_forward");
    (void)device.enqueue("double", std::array{input}, {});
  }
  (void)device.enqueue("double", std::array{input}, {});
  EXPECT_EQ(device.program()[1]->issuer, "mlp.decode_forward");
  EXPECT_EQ(device.program()[2]->issuer, "");
}

TEST(MeshDevice, RefusesASettingThatMatchesNothing) {
  EXPECT_THROW((void)small_device("t3k", {.settings = {sim::parse_setting("chip(8).slowdown=2")}}),
               std::invalid_argument);
}

TEST(MeshDevice, ClocksTheDispatchOfEveryCommand) {
  MeshDevice device = small_device("t3k", {.settings = {sim::parse_setting("host.dispatch=10us")}});
  const Tensor input = ramp(device);
  const sim::Time before = device.now();
  (void)device.enqueue("double", std::array{input}, {});
  EXPECT_EQ(device.now() - before, sim::Time::microseconds(10));
}

}  // namespace
}  // namespace ttmesh::mesh
