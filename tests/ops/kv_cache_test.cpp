#include "ops/kv_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/transfer.hpp"
#include "mesh/tensor/convert.hpp"
#include "mesh/tensor/mapper.hpp"
#include "mesh/topology/error.hpp"
#include "mesh/topology/load.hpp"
#include "ops/full.hpp"
#include "ops/op_table.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::Layout;
using mesh::MeshDevice;
using mesh::Shape;
using mesh::Tensor;
using testing::HasSubstr;

constexpr int kUsers = 4;
constexpr int kHeads = 4;
constexpr int kPositions = 64;
constexpr int kWidth = 32;

MeshDevice open(const std::string& topology, bool timing_only = false) {
  auto table = std::make_shared<mesh::OpTable>();
  register_ops(*table);
  mesh::OpenOptions options;
  options.timing_only = timing_only;
  return mesh::open(mesh::load_topology(topology), std::move(table), std::move(options));
}

using Dims = std::array<std::optional<int>, 2>;

/// A value that tells its place.
float value(int user, int head, int position, int column) {
  return static_cast<float>((user * 61 + head * 17 + position * 5 + column) % 128 + 1);
}

/// Heads over the rows of a mesh and users over its columns, or one chip.
class KvCache : public testing::TestWithParam<const char*> {
 protected:
  KvCache() : device_(open(GetParam())) {}
  ~KvCache() override { device_.close(); }

  mesh::Distribution placed(const Dims& dims) const {
    return mesh::shard_tensor_2d_mesh(device_.shape(), dims);
  }
  Tensor cache(DataType dtype, const Shape& global) const {
    const mesh::Distribution distribution = placed({1, 0});
    return zeros(device_, {.shape = mesh::local_shape(global, distribution),
                           .dtype = dtype,
                           .layout = Layout::Tile,
                           .memory = mesh::kDramInterleaved,
                           .distribution = distribution});
  }
  /// One user's prompt [1, heads, S, width].
  Tensor prompt(int user, int length) const {
    std::vector<float> values;
    for (int head = 0; head < kHeads; ++head) {
      for (int position = 0; position < length; ++position) {
        for (int column = 0; column < kWidth; ++column) {
          values.push_back(value(user, head, position, column));
        }
      }
    }
    return mesh::from_host(device_, {.shape = {1, kHeads, length, kWidth}, .values = values},
                           {.distribution = placed({1, std::nullopt})});
  }
  /// One token of every user [1, users, heads, width].
  Tensor token(const std::vector<std::int32_t>& positions) const {
    std::vector<float> values;
    for (int user = 0; user < kUsers; ++user) {
      for (int head = 0; head < kHeads; ++head) {
        for (int column = 0; column < kWidth; ++column) {
          values.push_back(value(user, head, positions[static_cast<std::size_t>(user)], column));
        }
      }
    }
    return mesh::from_host(device_, {.shape = {1, kUsers, kHeads, kWidth}, .values = values},
                           {.layout = Layout::RowMajor, .distribution = placed({2, 1})});
  }
  Tensor integers(const Shape& shape, std::vector<std::int32_t> values) const {
    return mesh::from_host(device_, {.shape = shape, .values = std::move(values)},
                           {.dtype = DataType::Int32,
                            .layout = Layout::RowMajor,
                            .distribution = placed({std::nullopt, 0})});
  }

  MeshDevice device_;
};

TEST_P(KvCache, HoldsPromptsAndTokensAtTheirPositions) {
  const Tensor held = cache(DataType::Float32, {kUsers, kHeads, kPositions, kWidth});
  const std::array<int, kUsers> lengths{32, 5, 0, 63};
  std::vector<std::int32_t> next;
  for (int user = 0; user < kUsers; ++user) {
    const int length = lengths[static_cast<std::size_t>(user)];
    if (length > 0) fill_cache(held, prompt(user, length), user);
    next.push_back(length);
  }
  next[1] = -1;  // Idle.
  paged_update_cache(held, token(next), integers({kUsers}, next));

  const std::vector<float> found = mesh::to_host(held).floats();
  for (int user = 0; user < kUsers; ++user) {
    for (int head = 0; head < kHeads; ++head) {
      for (int position = 0; position < kPositions; ++position) {
        const int filled = lengths[static_cast<std::size_t>(user)];
        const bool written = position < filled || (position == filled && user != 1);
        const std::size_t at =
            static_cast<std::size_t>(((user * kHeads + head) * kPositions + position) * kWidth);
        EXPECT_EQ(found[at + 7], written ? value(user, head, position, 7) : 0.0F)
            << "user " << user << ", head " << head << ", position " << position;
      }
    }
  }
}

TEST_P(KvCache, FindsPagedPositionsByTheTable) {
  constexpr int kBlock = 16;
  constexpr int kPages = 4;
  const int cols = device_.shape().cols;
  const int pool = kUsers / cols * kPages;  // Blocks of a line's users.
  const Tensor held = cache(DataType::Bfp8B, {pool * cols, kHeads, kBlock, kWidth});
  std::vector<std::int32_t> table;
  for (int user = 0; user < kUsers; ++user) {
    for (int page = 0; page < kPages; ++page) {
      const int number = user % (kUsers / cols) * kPages + page;
      table.push_back((number * 7 + 3) % pool);  // 7 does not divide the pool.
    }
  }
  const Tensor pages = integers({kUsers, kPages}, table);
  const int user = kUsers - 1;
  paged_fill_cache(held, prompt(user, 40), pages, user);
  const std::vector<std::int32_t> next(kUsers, 40);
  paged_update_cache(held, token(next), integers({kUsers}, next), pages);

  const std::vector<float> found = mesh::to_host(held).floats();
  for (int head = 0; head < kHeads; ++head) {
    for (int position = 0; position <= 40; ++position) {
      const int block = table[static_cast<std::size_t>(user * kPages + position / kBlock)] +
                        user / (kUsers / cols) * pool;
      const int row = (block * kHeads + head) * kBlock + position % kBlock;
      std::vector<float> exact;
      for (int column = 0; column < kWidth; ++column) {
        exact.push_back(value(user, head, position, column));
      }
      std::vector<float> rounded(exact.size());
      mesh::quantise(exact, std::span(rounded), DataType::Bfp8B, kWidth);
      const auto first = found.begin() + static_cast<std::ptrdiff_t>(row * kWidth);
      EXPECT_EQ(std::vector<float>(first, first + kWidth), rounded)
          << "head " << head << ", position " << position;
    }
  }
}

TEST_P(KvCache, NamesAPositionBeyondTheCache) {
  const Tensor held = cache(DataType::Float32, {kUsers, kHeads, kPositions, kWidth});
  const std::vector<std::int32_t> next(kUsers, kPositions);
  paged_update_cache(held, token(next), integers({kUsers}, next));
  EXPECT_THAT([&] { (void)mesh::to_host(held); },
              testing::ThrowsMessage<mesh::Error>(
                  HasSubstr("position 64 is beyond the cache, which holds 64")));
}

INSTANTIATE_TEST_SUITE_P(Meshes, KvCache, testing::Values("n150", "t3k:1x2:line", "t3k:2x4:line"),
                         [](const auto& each) {
                           std::string name = each.param;
                           for (char& c : name) c = std::isalnum(c) != 0 ? c : '_';
                           return name;
                         });

TEST(KvCacheMisuse, IsRefusedAtTheCall) {
  MeshDevice device = open("t3k:2x4:line", true);
  const auto make = [&](const Shape& shape, const Dims& dims, DataType dtype) {
    const mesh::Distribution distribution = mesh::shard_tensor_2d_mesh(device.shape(), dims);
    return zeros(device, {.shape = shape,
                          .dtype = dtype,
                          .layout = Layout::RowMajor,
                          .memory = mesh::kDramInterleaved,
                          .distribution = distribution});
  };
  const auto refusal = [](const auto& call) -> std::string {
    try {
      call();
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  };
  const Tensor held = make({2, 2, 64, 32}, {1, 0}, DataType::Bfloat16);
  const Tensor prompt = make({1, 2, 32, 32}, {1, std::nullopt}, DataType::Bfloat16);
  EXPECT_THAT(refusal([&] { fill_cache(held, prompt, 8); }),
              HasSubstr("[fill_cache] there is no user 8, the cache has users 0 to 7"));
  EXPECT_THAT(refusal([&] {
                fill_cache(held, make({1, 2, 96, 32}, {1, std::nullopt}, DataType::Bfloat16), 0);
              }),
              HasSubstr("[1, 2, up to 64, 32] is needed"));
  EXPECT_THAT(refusal([&] {
                fill_cache(held, make({1, 2, 32, 32}, {std::nullopt, 1}, DataType::Bfloat16), 0);
              }),
              HasSubstr("along cluster_axis 0 Shard(1) is needed"));
  const Tensor token = make({1, 2, 2, 32}, {2, 1}, DataType::Bfloat16);
  EXPECT_THAT(refusal([&] {
                paged_update_cache(held, token, make({2}, {std::nullopt, 0}, DataType::Bfloat16));
              }),
              HasSubstr("integers are needed"));
  device.close();
}

}  // namespace
}  // namespace ttmesh::ops
