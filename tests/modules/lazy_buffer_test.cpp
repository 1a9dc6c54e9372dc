#include "modules/lazy_buffer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <vector>

#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "modules/open.hpp"
#include "ops/typecast.hpp"

namespace ttmesh::modules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

mesh::HostTensor positions(std::vector<std::int32_t> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return {.shape = {count}, .values = std::move(values)};
}

LazyBuffer buffer_on(const mesh::MeshDevice& device) {
  return LazyBuffer(positions({1, 2, 3, 4}), {.layout = mesh::Layout::RowMajor, .device = device});
}

std::vector<std::int32_t> read(const mesh::Tensor& tensor) {
  return std::get<std::vector<std::int32_t>>(mesh::to_host(tensor).values);
}

TEST(LazyBuffer, MakesNothingBeforeItsFirstUse) {
  const mesh::MeshDevice device = open("n150", {.threads = 1});
  const LazyBuffer buffer = buffer_on(device);
  EXPECT_FALSE(buffer.is_loaded());
  EXPECT_EQ(device.memory_used(0, mesh::BufferType::Dram), 0);
  EXPECT_EQ(buffer.get_device_buffer().dtype(), mesh::DataType::Int32);
  EXPECT_TRUE(buffer.is_loaded());
}

TEST(LazyBuffer, KeepsItsHandleAndMemoryThroughUpdates) {
  const mesh::MeshDevice device = open("t3k", {.threads = 1});
  const LazyBuffer buffer = buffer_on(device);
  const mesh::Tensor tensor = buffer.get_device_buffer();
  const std::int64_t used = device.memory_used(0, mesh::BufferType::Dram);
  for (const std::int32_t step : {10, 20}) {
    buffer.update(positions({step, step + 1, step + 2, -1}));
    EXPECT_EQ(buffer.get_device_buffer().id(), tensor.id());
    EXPECT_THAT(read(tensor), ElementsAre(step, step + 1, step + 2, -1));
    EXPECT_EQ(device.memory_used(0, mesh::BufferType::Dram), used);
  }
}

TEST(LazyBuffer, ShowsOldValuesToWhatWasIssuedBeforeAnUpdate) {
  const mesh::MeshDevice device = open("t3k", {.threads = 2});
  const LazyBuffer buffer = buffer_on(device);
  const mesh::Tensor before = ops::typecast(buffer.get_device_buffer(), mesh::DataType::UInt32);
  buffer.update(positions({5, 6, 7, 8}));
  const mesh::Tensor after = ops::typecast(buffer.get_device_buffer(), mesh::DataType::UInt32);
  EXPECT_THAT(std::get<std::vector<std::uint32_t>>(mesh::to_host(before).values),
              ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(std::get<std::vector<std::uint32_t>>(mesh::to_host(after).values),
              ElementsAre(5, 6, 7, 8));
}

TEST(LazyBuffer, TakesUpdatesBeforeItIsOnTheChips) {
  const mesh::MeshDevice device = open("n150", {.threads = 1});
  const LazyBuffer buffer = buffer_on(device);
  buffer.update(positions({5, 6, 7, 8}));
  EXPECT_FALSE(buffer.is_loaded());
  EXPECT_THAT(read(buffer.get_device_buffer()), ElementsAre(5, 6, 7, 8));
}

TEST(LazyBuffer, IsCutAsItsMapperSays) {
  const mesh::MeshDevice device = open("n300", {.threads = 1});
  const LazyBuffer buffer(positions({1, 2, 3, 4}),
                          {.layout = mesh::Layout::RowMajor,
                           .distribution = mesh::shard_tensor_to_mesh(device.shape(), 0),
                           .device = device});
  EXPECT_EQ(buffer.get_device_buffer().shape(), mesh::Shape({2}));
  buffer.update(positions({9, 8, 7, 6}));
  EXPECT_THAT(read(buffer.get_device_buffer()), ElementsAre(9, 8, 7, 6));
}

TEST(LazyBuffer, ReleasedIsMadeAgainWithItsLastValues) {
  const mesh::MeshDevice device = open("n150", {.threads = 1});
  const LazyBuffer buffer = buffer_on(device);
  const mesh::Tensor first = buffer.get_device_buffer();
  buffer.update(positions({5, 6, 7, 8}));
  buffer.release();
  EXPECT_FALSE(first.is_allocated());
  EXPECT_FALSE(buffer.is_loaded());
  EXPECT_EQ(device.memory_used(0, mesh::BufferType::Dram), 0);
  EXPECT_THAT(read(buffer.get_device_buffer()), ElementsAre(5, 6, 7, 8));
}

TEST(LazyBuffer, UpdatesWithoutValuesInTimingOnlyMode) {
  const mesh::MeshDevice device = open("n150", {.threads = 1, .timing_only = true});
  const LazyBuffer buffer = buffer_on(device);
  const mesh::Tensor tensor = buffer.get_device_buffer();
  buffer.update(positions({5, 6, 7, 8}));
  EXPECT_EQ(buffer.get_device_buffer().id(), tensor.id());
}

TEST(LazyBuffer, NeedsDeviceAndLayout) {
  const LazyBuffer lost(positions({1}), {});
  EXPECT_THAT([&] { (void)lost.get_device_buffer(); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("device must be provided")));
  const mesh::MeshDevice device = open("n150", {.threads = 1, .timing_only = true});
  const LazyBuffer unlaid(positions({1}), {.layout = std::nullopt, .device = device});
  EXPECT_THAT([&] { (void)unlaid.get_device_buffer(); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("layout must be provided")));
}

TEST(LazyBuffer, RefusesAnUpdateOfAnotherShapeOrKind) {
  const mesh::MeshDevice device = open("n150", {.threads = 1});
  const LazyBuffer buffer = buffer_on(device);
  EXPECT_THAT(
      [&] {
        buffer.update(positions({1, 2}));
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("has shape [2]")));
  EXPECT_THROW(buffer.update({.shape = {4}, .values = std::vector<float>(4)}),
               std::invalid_argument);
  EXPECT_THROW(LazyBuffer(mesh::HostTensor{.shape = {4}, .values = std::vector<float>(3)}),
               std::invalid_argument);
}

}  // namespace
}  // namespace ttmesh::modules
