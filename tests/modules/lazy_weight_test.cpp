#include "modules/lazy_weight.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "mesh/tensor/random.hpp"
#include "mesh/topology/error.hpp"
#include "modules/open.hpp"
#include "tests/scratch_folder.hpp"

namespace ttmesh::modules {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Throws;
using testing::ThrowsMessage;

mesh::HostTensor random_values(mesh::Shape shape, std::uint64_t seed) {
  std::vector<float> values(static_cast<std::size_t>(shape.volume()));
  mesh::fill_normal({.seed = seed}, 0, 1, values);
  return {.shape = std::move(shape), .values = std::move(values)};
}

RandomNormal recipe(mesh::Shape shape) {
  return {.key = {.seed = 7, .stream = 1}, .scale = 0.5, .shape = std::move(shape)};
}

LazyWeightOptions options_on(const mesh::MeshDevice& device) {
  return {.layout = mesh::Layout::Tile, .memory = mesh::kDramInterleaved, .device = device};
}

/// A directory of its own that goes with the test.
class LazyWeightCache : public testing::Test {
 protected:
  LazyWeight weight(mesh::HostTensor values, mesh::DataType dtype = mesh::DataType::Bfp8B) const {
    LazyWeightOptions options = options_on(device);
    options.dtype = dtype;
    options.cache = WeightCache{directory, "w1"};
    return LazyWeight(std::move(values), options);
  }

  std::size_t files() const {
    if (!fs::exists(directory)) return 0;
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory), fs::directory_iterator{}));
  }

  mesh::MeshDevice device = open("n150", {.threads = 1});
  ScratchFolder folder;
  const fs::path directory = folder.path() / "cache";
};

TEST(LazyWeight, MakesNothingBeforeItsFirstUse) {
  const mesh::MeshDevice device = open("n150", {.threads = 1});
  const LazyWeight weight(recipe({64, 64}), options_on(device));
  EXPECT_FALSE(weight.is_loaded());
  EXPECT_EQ(device.memory_used(0, mesh::BufferType::Dram), 0);
  (void)weight.get_device_weight();
  EXPECT_TRUE(weight.is_loaded());
  EXPECT_EQ(device.memory_used(0, mesh::BufferType::Dram), 4 * 2048);
}

TEST(LazyWeight, IsMadeOnceForAllItsCopies) {
  const mesh::MeshDevice device = open("n150", {.threads = 1});
  const LazyWeight weight(recipe({64, 64}), options_on(device));
  const LazyWeight copy = weight;  // NOLINT(performance-unnecessary-copy-initialization)
  EXPECT_EQ(weight.get_device_weight().id(), copy.get_device_weight().id());
  EXPECT_NE(weight.make_device_tensor().id(), weight.get_device_weight().id());
}

TEST(LazyWeight, IsBfloat16UnlessItSaysOtherwise) {
  const mesh::MeshDevice device = open("n150", {.threads = 1});
  EXPECT_EQ(LazyWeight(recipe({64, 64}), options_on(device)).get_device_weight().dtype(),
            mesh::DataType::Bfloat16);
}

TEST(LazyWeight, NeedsDeviceLayoutAndMemory) {
  const mesh::MeshDevice device = open("n150", {.threads = 1});
  for (const char* missing : {"device", "layout", "memory"}) {
    LazyWeightOptions options = options_on(device);
    if (missing == std::string("device")) options.device.reset();
    if (missing == std::string("layout")) options.layout.reset();
    if (missing == std::string("memory")) options.memory.reset();
    EXPECT_THAT(
        [&] {
          (void)LazyWeight(recipe({64, 64}), options).get_device_weight();
        },
        ThrowsMessage<std::invalid_argument>(
            HasSubstr(std::string(missing) + " must be provided")));
  }
}

TEST(LazyWeight, TakesDefaultsOnlyForWhatIsUnset) {
  const mesh::MeshDevice device = open("n150", {.threads = 1});
  const LazyWeight weight(recipe({64, 64}), {.memory = mesh::kL1Interleaved});
  const LazyWeight full = weight.with_defaults(options_on(device));
  EXPECT_EQ(*full.options().memory, mesh::kL1Interleaved);
  EXPECT_EQ(*full.options().layout, mesh::Layout::Tile);
  EXPECT_EQ(full.with_defaults(options_on(device)).get_device_weight().id(),
            full.get_device_weight().id());
}

TEST(LazyWeight, PadsShardedDimsToWholeTilesOfAllChips) {
  const mesh::MeshDevice device = open("t3k:1x2:line", {.threads = 1});
  LazyWeightOptions options = options_on(device);
  options.dtype = mesh::DataType::Float32;
  options.distribution = mesh::shard_tensor_to_mesh(device.shape(), -1);
  const mesh::HostTensor values = random_values({32, 70}, 3);
  const LazyWeight weight(values, options);
  EXPECT_EQ(weight.padded_shape(), mesh::Shape({32, 128}));

  const mesh::HostTensor back = mesh::to_host(weight.get_device_weight());
  ASSERT_EQ(back.shape, mesh::Shape({32, 128}));
  for (std::size_t row = 0; row < 32; ++row) {
    for (std::size_t col = 0; col < 128; ++col) {
      const std::size_t at = row * 128 + col;
      const float wanted = col < 70 ? values.floats()[row * 70 + col] : 0.0F;
      ASSERT_EQ(back.floats()[at], wanted) << row << ", " << col;
    }
  }
}

TEST(LazyWeight, PadsRandomValuesWithoutMovingThem) {
  const mesh::MeshDevice device = open("t3k:1x2:line", {.threads = 1});
  LazyWeightOptions options = options_on(device);
  options.dtype = mesh::DataType::Float32;
  options.distribution = mesh::shard_tensor_to_mesh(device.shape(), 0);
  const LazyWeight weight(recipe({70, 40}), options);
  const mesh::HostTensor back = mesh::to_host(weight.get_device_weight());
  ASSERT_EQ(back.shape, mesh::Shape({128, 40}));
  std::vector<float> wanted(std::size_t{128} * 40);
  weight.source().read({0, 0, 70, 40}, std::span(wanted).first(std::size_t{70} * 40));
  EXPECT_EQ(back.floats(), wanted);
}

TEST(LazyWeight, IsNotPaddedOnOneChipOrWhereReplicated) {
  const mesh::MeshDevice one = open("n150", {.threads = 1});
  LazyWeightOptions options = options_on(one);
  options.distribution = mesh::shard_tensor_to_mesh(one.shape(), -1);
  EXPECT_EQ(LazyWeight(recipe({32, 70}), options).padded_shape(), mesh::Shape({32, 70}));
  options.distribution = mesh::replicate_tensor_to_mesh({1, 8});
  EXPECT_EQ(LazyWeight(recipe({32, 70}), options).padded_shape(), mesh::Shape({32, 70}));
}

TEST(LazyWeight, RefusesToPadRandomValuesWithAnythingButZero) {
  EXPECT_THROW(LazyWeight(recipe({32, 70}), {.pad_value = 1}), std::invalid_argument);
}

TEST(LazyWeight, RefusesADistributionForAnotherMesh) {
  const mesh::MeshDevice device = open("n150", {.threads = 1});
  LazyWeightOptions options = options_on(device);
  options.distribution = mesh::shard_tensor_to_mesh({1, 2}, -1);
  EXPECT_THAT(
      [&] {
        (void)LazyWeight(recipe({64, 64}), options).get_device_weight();
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("is for a 1x2 mesh")));
}

TEST(LazyWeight, HasAFingerprintOfEverythingThatMatters) {
  const mesh::HostTensor values = random_values({64, 64}, 1);
  mesh::HostTensor other = values;
  std::get<std::vector<float>>(other.values)[17] += 1;
  const auto print = [](WeightSource source, const LazyWeightOptions& options) {
    return LazyWeight(std::move(source), options).fingerprint();
  };
  const std::string base = print(values, {});
  EXPECT_EQ(base, print(values, {}));
  EXPECT_EQ(base.size(), 32);
  const auto shard = mesh::shard_tensor_to_mesh({1, 2}, -1);
  const auto rows = mesh::shard_tensor_to_mesh({1, 2}, -2);
  const std::set<std::string> prints{
      base,
      print(other, {}),
      print(recipe({64, 64}), {}),
      print(RandomNormal{.key = {8, 1}, .scale = 0.5, .shape = {64, 64}}, {}),
      print(RandomNormal{.key = {7, 2}, .scale = 0.5, .shape = {64, 64}}, {}),
      print(RandomNormal{.key = {7, 1}, .scale = 0.25, .shape = {64, 64}}, {}),
      print(recipe({32, 128}), {}),
      print(values, {.dtype = mesh::DataType::Bfp8B}),
      print(values, {.layout = mesh::Layout::RowMajor}),
      print(values, {.memory = mesh::kL1Interleaved}),
      print(values, {.distribution = shard}),
      print(values, {.distribution = rows}),
      print(values, {.padded_shape = mesh::Shape{64, 96}}),
      print(values, {.pad_value = 1}),
  };
  EXPECT_EQ(prints.size(), 14);
}

TEST(WeightSource, ReadsPartsOfAMatrix) {
  const mesh::HostTensor values = random_values({8, 10}, 1);
  const WeightSource source(values);
  std::vector<float> part(6);
  source.read({.first_row = 3, .first_col = 4, .rows = 2, .cols = 3}, part);
  EXPECT_EQ(part[0], values.floats()[34]);
  EXPECT_EQ(part[5], values.floats()[46]);
  EXPECT_THROW(source.read({.first_row = 7, .first_col = 0, .rows = 2, .cols = 3}, part),
               std::invalid_argument);
}

TEST(WeightSource, RefusesMissingValues) {
  EXPECT_THROW(WeightSource(mesh::HostTensor{.shape = {2, 2}, .values = std::vector<float>(3)}),
               std::invalid_argument);
  EXPECT_THROW(WeightSource(RandomNormal{.shape = {4, 0}}), std::invalid_argument);
}

TEST_F(LazyWeightCache, KeepsTheRoundedValues) {
  const mesh::HostTensor values = random_values({64, 96}, 1);
  LazyWeightOptions uncached = options_on(device);
  uncached.dtype = mesh::DataType::Bfp8B;
  const mesh::HostTensor wanted = mesh::to_host(LazyWeight(values, uncached).get_device_weight());

  const mesh::HostTensor missed = mesh::to_host(weight(values).get_device_weight());
  EXPECT_EQ(files(), 1);
  const mesh::HostTensor hit = mesh::to_host(weight(values).get_device_weight());
  EXPECT_EQ(files(), 1);
  EXPECT_EQ(missed.floats(), wanted.floats());
  EXPECT_EQ(hit.floats(), wanted.floats());
}

TEST_F(LazyWeightCache, KeepsEveryFloatingDtype) {
  const mesh::HostTensor values = random_values({32, 40}, 1);
  for (const auto dtype : {mesh::DataType::Float32, mesh::DataType::Bfloat16, mesh::DataType::Bfp8B,
                           mesh::DataType::Bfp4B}) {
    const mesh::HostTensor missed = mesh::to_host(weight(values, dtype).get_device_weight());
    const mesh::HostTensor hit = mesh::to_host(weight(values, dtype).get_device_weight());
    EXPECT_EQ(missed.floats(), hit.floats());
  }
  EXPECT_EQ(files(), 4);
}

TEST_F(LazyWeightCache, IsReadInsteadOfTheSource) {
  const LazyWeight first = weight(random_values({64, 64}, 1));
  const LazyWeight second = weight(random_values({64, 64}, 2));
  (void)first.get_device_weight();
  (void)second.get_device_weight();
  const mesh::HostTensor wanted = mesh::to_host(second.get_device_weight());
  fs::copy_file(*second.cache_path(), *first.cache_path(), fs::copy_options::overwrite_existing);
  EXPECT_EQ(mesh::to_host(first.make_device_tensor()).floats(), wanted.floats());
}

TEST_F(LazyWeightCache, HasAFileForEachSetOfValues) {
  (void)weight(random_values({64, 64}, 1)).get_device_weight();
  (void)weight(random_values({64, 64}, 2)).get_device_weight();
  EXPECT_EQ(files(), 2);
}

TEST_F(LazyWeightCache, HoldsNoRandomValues) {
  LazyWeightOptions options = options_on(device);
  options.cache = WeightCache{directory, "w1"};
  const LazyWeight random(recipe({64, 64}), options);
  (void)random.get_device_weight();
  EXPECT_EQ(random.cache_path(), std::nullopt);
  EXPECT_EQ(files(), 0);
}

TEST_F(LazyWeightCache, RefusesDamagedFiles) {
  const LazyWeight cached = weight(random_values({64, 64}, 1));
  (void)cached.get_device_weight();
  device.synchronize();
  const fs::path path = *cached.cache_path();
  const std::uintmax_t size = fs::file_size(path);
  const auto flip = [&](std::uintmax_t at) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(at));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(byte ^ 1));
  };
  const auto load = [&] { (void)cached.make_device_tensor(); };
  for (const std::uintmax_t at : {std::uintmax_t{0}, std::uintmax_t{8}, std::uintmax_t{12},
                                  std::uintmax_t{24}, std::uintmax_t{88}, std::uintmax_t{96}}) {
    flip(at);
    EXPECT_THAT(load, ThrowsMessage<mesh::InvalidFile>(HasSubstr("delete the file"))) << at;
    flip(at);
    EXPECT_NO_THROW(load());
  }
  device.synchronize();
  flip(size - 1);  // Values are read, and checked, by the host of their chip.
  const mesh::Tensor damaged = cached.make_device_tensor();
  EXPECT_THAT([&] { (void)mesh::to_host(damaged); },
              ThrowsMessage<mesh::Error>(HasSubstr("delete the file")));
}

TEST_F(LazyWeightCache, RefusesFilesOfAnotherSize) {
  const LazyWeight cached = weight(random_values({64, 64}, 1));
  (void)cached.get_device_weight();
  const fs::path path = *cached.cache_path();
  const std::uintmax_t size = fs::file_size(path);
  const auto load = [&] { (void)cached.make_device_tensor(); };
  for (const std::uintmax_t other : {size + 1, size - 1, std::uintmax_t{20}, std::uintmax_t{0}}) {
    fs::resize_file(path, other);
    EXPECT_THAT(load, Throws<mesh::InvalidFile>()) << other;
  }
}

TEST_F(LazyWeightCache, IsLeftAloneWithoutValues) {
  const mesh::MeshDevice timing = open("n150", {.threads = 1, .timing_only = true});
  LazyWeightOptions options = options_on(timing);
  options.cache = WeightCache{directory, "w1"};
  (void)LazyWeight(random_values({64, 64}, 1), options).get_device_weight();
  EXPECT_EQ(files(), 0);
}

}  // namespace
}  // namespace ttmesh::modules
