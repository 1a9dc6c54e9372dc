#include "modules/weight_assembly.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "mesh/topology/error.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/open.hpp"
#include "modules/stored_values.hpp"
#include "modules/weight_source.hpp"
#include "tests/scratch_folder.hpp"

namespace ttmesh::modules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// A file that goes with the test.
class WeightFile {
 public:
  explicit WeightFile(const std::vector<char>& bytes)
      : path_(folder_.write("weights", {bytes.begin(), bytes.end()})) {}

  const std::filesystem::path& path() const { return path_; }

 private:
  ScratchFolder folder_;
  std::filesystem::path path_;
};

template <typename T>
std::vector<char> bytes_of(const std::vector<T>& values) {
  std::vector<char> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::vector<float> counting(std::int64_t count) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i));
  return values;
}

StoredMatrix floats_in(const WeightFile& file, std::int64_t rows, std::int64_t cols,
                       bool transposed = false) {
  return {.file = file.path(), .rows = rows, .cols = cols, .transposed = transposed};
}

WeightSource all_of(const StoredMatrix& matrix) {
  return WeightAssembly{.shape = {matrix.rows, matrix.cols},
                        .parts = {matrix},
                        .runs = {{.part = 0, .first = 0, .count = matrix.cols}}};
}

std::vector<float> values_of(const WeightSource& source) {
  std::vector<float> values(static_cast<std::size_t>(source.shape().volume()));
  source.read({0, 0, source.shape()[-2], source.shape()[-1]}, values);
  return values;
}

TEST(StoredMatrix, IsReadAsTheFileHasIt) {
  const WeightFile file(bytes_of(counting(12)));
  std::vector<float> values(4);
  all_of(floats_in(file, 3, 4)).read({1, 1, 2, 2}, values);
  EXPECT_THAT(values, ElementsAre(5, 6, 9, 10));
}

TEST(StoredMatrix, IsTransposedOnTheWay) {
  const WeightFile file(bytes_of(counting(12)));
  std::vector<float> values(4);
  all_of(floats_in(file, 4, 3, true)).read({1, 1, 2, 2}, values);
  EXPECT_THAT(values, ElementsAre(5, 9, 6, 10));
}

TEST(StoredMatrix, IsTransposedInPanels) {
  const std::int64_t rows = 37;
  const std::int64_t cols = 53;
  const WeightFile file(bytes_of(counting(rows * cols)));
  const std::vector<float> values = values_of(all_of(floats_in(file, rows, cols, true)));
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t col = 0; col < cols; ++col) {
      ASSERT_EQ(values[static_cast<std::size_t>(row * cols + col)],
                static_cast<float>(col * rows + row));
    }
  }
}

TEST(StoredMatrix, BeginsAtItsOffset) {
  const WeightFile file(bytes_of(counting(6)));
  StoredMatrix matrix = floats_in(file, 1, 2);
  matrix.offset = 12;
  EXPECT_THAT(values_of(all_of(matrix)), ElementsAre(3, 4));
}

TEST(StoredMatrix, WidensHalfPrecision) {
  const WeightFile file(
      bytes_of(std::vector<std::uint16_t>{0x3C00, 0xC100, 0x0001, 0x7BFF, 0x8000, 0x7C00}));
  StoredMatrix matrix = floats_in(file, 1, 6);
  matrix.type = StoredType::Float16;
  EXPECT_THAT(values_of(all_of(matrix)),
              ElementsAre(1, -2.5, 0x1p-24F, 65504, -0.0F, std::bit_cast<float>(0x7F800000U)));
}

TEST(StoredMatrix, WidensBfloat16) {
  const WeightFile file(bytes_of(std::vector<std::uint16_t>{0x3F80, 0xC020, 0x0001}));
  StoredMatrix matrix = floats_in(file, 1, 3);
  matrix.type = StoredType::Bfloat16;
  EXPECT_THAT(values_of(all_of(matrix)), ElementsAre(1, -2.5, std::bit_cast<float>(0x10000U)));
}

TEST(StoredMatrix, RefusesAFileThatEndsEarly) {
  const WeightFile file(bytes_of(counting(11)));
  const WeightSource source = all_of(floats_in(file, 3, 4));
  EXPECT_THAT([&] { (void)values_of(source); },
              ThrowsMessage<std::runtime_error>(
                  AllOf(HasSubstr(file.path().string()), HasSubstr("it has 44 bytes"))));
}

TEST(WeightAssembly, InterleavesTheHalvesOfHeads) {
  const WeightFile file(bytes_of(counting(8)));
  const WeightSource heads = side_by_side(std::vector<SourceColumns>{
      {.source = all_of(floats_in(file, 1, 8)), .first = 0, .count = 8, .rotary_dim = 4}});
  EXPECT_THAT(values_of(heads), ElementsAre(0, 2, 1, 3, 4, 6, 5, 7));
  std::vector<float> values(3);
  heads.read({0, 3, 1, 3}, values);
  EXPECT_THAT(values, ElementsAre(3, 4, 6));
}

TEST(WeightAssembly, PutsColumnsSideBySide) {
  const WeightFile a(bytes_of(counting(8)));
  const WeightFile b(bytes_of(counting(6)));
  const WeightSource joined = side_by_side(
      std::vector<SourceColumns>{{.source = all_of(floats_in(a, 2, 4)), .first = 2, .count = 2},
                                 {.source = all_of(floats_in(b, 2, 3)), .first = 0, .count = 1},
                                 {.source = all_of(floats_in(a, 2, 4)), .first = 0, .count = 2}});
  EXPECT_THAT(values_of(joined), ElementsAre(2, 3, 0, 0, 1, 6, 7, 3, 4, 5));
}

TEST(WeightAssembly, OfMatricesInMemoryIsTheSame) {
  const WeightFile file(bytes_of(counting(24)));
  const auto columns = [](const WeightSource& source) {
    return std::vector<SourceColumns>{
        {.source = source, .first = 4, .count = 8, .rotary_dim = 4},
        {.source = source, .first = 1, .count = 2},
    };
  };
  const WeightSource memory(mesh::HostTensor{.shape = {2, 12}, .values = counting(24)});
  EXPECT_EQ(values_of(side_by_side(columns(memory))),
            values_of(side_by_side(columns(all_of(floats_in(file, 2, 12))))));
}

TEST(WeightAssembly, NestsWithoutReading) {
  const WeightFile file(bytes_of(counting(8)));
  const WeightSource inner = side_by_side(std::vector<SourceColumns>{
      {.source = all_of(floats_in(file, 1, 8)), .first = 4, .count = 4},
      {.source = all_of(floats_in(file, 1, 8)), .first = 0, .count = 4}});
  const WeightSource outer =
      side_by_side(std::vector<SourceColumns>{{.source = inner, .first = 2, .count = 4}});
  EXPECT_THAT(values_of(outer), ElementsAre(6, 7, 0, 1));
}

TEST(WeightAssembly, TakesColumnsOfRandomMatrices) {
  const WeightSource random(RandomNormal{.key = {.seed = 3, .stream = 4}, .shape = {5, 24}});
  const std::vector<float> all = values_of(random);
  const WeightSource part =
      side_by_side(std::vector<SourceColumns>{{.source = random, .first = 7, .count = 9}});
  const std::vector<float> values = values_of(part);
  for (std::size_t row = 0; row < 5; ++row) {
    for (std::size_t col = 0; col < 9; ++col) {
      ASSERT_EQ(values[row * 9 + col], all[row * 24 + 7 + col]);
    }
  }
}

TEST(WeightAssembly, RefusesColumnsThatAreNotThere) {
  const WeightSource random(RandomNormal{.shape = {5, 24}});
  const auto refused = [&](SourceColumns columns, const char* text) {
    EXPECT_THAT([&] { (void)side_by_side(std::vector<SourceColumns>{columns}); },
                ThrowsMessage<std::invalid_argument>(HasSubstr(text)));
  };
  refused({.source = random, .first = 20, .count = 5}, "5 columns from 20");
  refused({.source = random, .first = 0, .count = 6, .rotary_dim = 4}, "needs whole heads");
  EXPECT_THAT(
      [&] {
        (void)side_by_side(std::vector<SourceColumns>{
            {.source = random, .count = 2},
            {.source = mesh::HostTensor{.shape = {5, 1}, .values = counting(5)}, .count = 1}});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("needs all or none")));
}

TEST(WeightAssembly, GetsLeadingDimsWithoutBeingRead) {
  const WeightFile file(bytes_of(counting(7)));
  const WeightSource viewed = all_of(floats_in(file, 2, 4)).reshaped({1, 1, 2, 4});
  ASSERT_NE(viewed.assembly(), nullptr);
  EXPECT_EQ(viewed.shape(), mesh::Shape({1, 1, 2, 4}));
  EXPECT_THROW((void)values_of(viewed), std::runtime_error);
}

TEST(WeightAssembly, TravelsAsAttributes) {
  const WeightFile file(bytes_of(counting(8)));
  const WeightSource source = side_by_side(std::vector<SourceColumns>{
      {.source = all_of(floats_in(file, 1, 8)), .first = 0, .count = 8, .rotary_dim = 4},
      {.source = RandomNormal{.key = {.seed = ~0ULL, .stream = 5}, .scale = 0.5, .shape = {1, 8}},
       .first = 2,
       .count = 3}});
  mesh::Attributes attributes;
  add_to(attributes, *source.assembly());
  EXPECT_EQ(values_of(assembly_of(attributes)), values_of(source));
}

TEST(LazyWeight, ReadsEachChipsPartOfAFile) {
  const WeightFile file(bytes_of(counting(std::int64_t{60} * 200)));
  const WeightSource source = all_of(floats_in(file, 60, 200, true));
  const std::vector<float> expected = values_of(source);
  for (const char* topology : {"n150", "t3k:1x8:ring", "tg:2x4"}) {
    const mesh::MeshDevice device = open(topology, {.threads = 1});
    const LazyWeight weight(source,
                            {.dtype = mesh::DataType::Float32,
                             .layout = mesh::Layout::Tile,
                             .memory = mesh::kDramInterleaved,
                             .distribution = mesh::shard_tensor_2d_mesh(device.shape(), {-2, -1}),
                             .device = device});
    const mesh::HostTensor found = mesh::to_host(weight.get_device_weight());
    for (std::int64_t row = 0; row < found.shape[-2]; ++row) {
      for (std::int64_t col = 0; col < found.shape[-1]; ++col) {
        const bool inside = row < 60 && col < 200;
        ASSERT_EQ(found.floats()[static_cast<std::size_t>(row * found.shape[-1] + col)],
                  inside ? expected[static_cast<std::size_t>(row * 200 + col)] : 0.0F);
      }
    }
  }
}

TEST(LazyWeight, OfAFileThatGotShorterIsRefused) {
  const WeightFile file(bytes_of(counting(64 * 64)));
  const mesh::MeshDevice device = open("n150", {.threads = 1});
  const LazyWeight weight(
      all_of(floats_in(file, 64, 64)),
      {.layout = mesh::Layout::Tile, .memory = mesh::kDramInterleaved, .device = device});
  std::filesystem::resize_file(file.path(), 64 * 63 * 4);
  EXPECT_THAT([&] { (void)weight.get_device_weight(); },
              ThrowsMessage<mesh::InvalidFile>(HasSubstr(file.path().string())));
}

TEST(StoredMatrix, HasAStampOfItsBytesAndItsFile) {
  constexpr std::int64_t kRows = 256;
  constexpr std::int64_t kCols = 128;  // 128 KiB: pages are sampled.
  std::vector<float> values = counting(kRows * kCols);
  const WeightFile file(bytes_of(values));
  const std::string stamp = stamp_of(floats_in(file, kRows, kCols));
  values.back() = -1;
  const WeightFile last(bytes_of(values));
  EXPECT_NE(stamp_of(floats_in(last, kRows, kCols)), stamp);
  values = counting(kRows * kCols);
  const WeightFile same(bytes_of(values));
  EXPECT_EQ(stamp_of(floats_in(same, kRows, kCols)), stamp);
  values.push_back(0);
  const WeightFile longer(bytes_of(values));
  EXPECT_NE(stamp_of(floats_in(longer, kRows, kCols)), stamp);
}

}  // namespace
}  // namespace ttmesh::modules
