#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "mesh/topology/load.hpp"
#include "ops/chunked_scaled_dot_product_attention.hpp"
#include "ops/full.hpp"
#include "ops/kv_cache.hpp"
#include "ops/op_table.hpp"
#include "ops/random_normal.hpp"
#include "ops/scaled_dot_product_attention_decode.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::Shape;
using mesh::Tensor;

// Tokens of eight users in a paged cache over a 2 x 4 mesh, heads over its rows and users over its
// columns, against one chip.
class PagedOnDevice : public testing::Test {
 protected:
  struct Attended {
    std::vector<float> values;  ///< Of the step.
    double chunk_sum = 0;       ///< Of one user's prompt, over all chips.
  };

  static Attended attended(const char* topology, const std::vector<std::int32_t>& at) {
    auto table = std::make_shared<mesh::OpTable>();
    register_ops(*table);
    mesh::MeshDevice device = mesh::open(mesh::load_topology(topology), table, {});
    const auto placed = [&](std::optional<int> rows, std::optional<int> cols) {
      return mesh::shard_tensor_2d_mesh(device.shape(), {rows, cols});
    };
    const auto random = [&](const Shape& global, const mesh::Distribution& distribution,
                            std::uint64_t stream) {
      const mesh::Distribution full = mesh::resolved(distribution, global.rank());
      return random_normal(device,
                           {.shape = mesh::local_shape(global, full),
                            .dtype = DataType::Float32,
                            .distribution = full},
                           {.key = {.seed = 3, .stream = stream}});
    };
    const auto integers = [&](const Shape& shape, std::vector<std::int32_t> values) {
      return mesh::from_host(device, {.shape = shape, .values = std::move(values)},
                             {.dtype = DataType::Int32,
                              .layout = mesh::Layout::RowMajor,
                              .distribution = placed(std::nullopt, 0)});
    };
    const int users = 8;
    const int pages = 2;
    const Shape pool{users * pages, 4, 32, 32};
    std::vector<std::int32_t> rows;
    for (int user = 0; user < users; ++user) {  // Backwards within a column's own blocks.
      const int local = user % (users / device.shape().cols);
      for (int page = 0; page < pages; ++page) {
        rows.push_back(users / device.shape().cols * pages - 1 - local * pages - page);
      }
    }
    const Tensor page_table = integers({users, pages}, rows);
    const mesh::Distribution of_cache = placed(1, 0);
    const auto cache = [&](std::uint64_t stream) {
      const Tensor empty = zeros(device, {.shape = mesh::local_shape(pool, of_cache),
                                          .dtype = DataType::Float32,
                                          .distribution = of_cache});
      for (int user = 0; user < users; ++user) {
        paged_fill_cache(empty,
                         random({1, 4, 40, 32}, placed(1, std::nullopt),
                                stream + static_cast<std::uint64_t>(user)),
                         page_table, user);
      }
      return empty;
    };
    const Qkv qkv{random({1, users, 8, 32}, placed(2, 1), 1), cache(10), cache(30)};
    paged_update_cache(qkv.key, random({1, users, 4, 32}, placed(2, 1), 2), integers({users}, at),
                       page_table);
    const Tensor out = paged_scaled_dot_product_attention_decode(
        qkv, page_table, {.cur_pos_tensor = integers({users}, at)});
    Attended found{.values = mesh::to_host(out).floats()};
    const Tensor part = chunked_scaled_dot_product_attention(
        {random({1, 8, 8, 32}, placed(1, std::nullopt), 5), qkv.key, qkv.value}, page_table,
        {.chunk_start_idx = 32, .user = 5});
    for (const mesh::HostTensor& shard : mesh::shards_to_host(part)) {
      found.chunk_sum += std::accumulate(shard.floats().begin(), shard.floats().end(), 0.0);
    }
    device.close();
    return found;
  }
};

TEST_F(PagedOnDevice, AttendsToWhatWasWritten) {
  const std::vector<std::int32_t> positions{40, 0, 41, -1, 63, 40, 7, 33};
  const Attended one = attended("n150", positions);
  const Attended mesh = attended("t3k", positions);
  EXPECT_EQ(mesh.values, one.values);
  EXPECT_NEAR(mesh.chunk_sum, one.chunk_sum, 1e-3);
  EXPECT_NE(mesh.chunk_sum, 0);
}

}  // namespace
}  // namespace ttmesh::ops
