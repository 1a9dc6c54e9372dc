#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "mesh/topology/load.hpp"
#include "ops/argmax.hpp"
#include "ops/embedding.hpp"
#include "ops/full.hpp"
#include "ops/layer_norm.hpp"
#include "ops/matmul.hpp"
#include "ops/mesh_partition.hpp"
#include "ops/nlp_concat_heads.hpp"
#include "ops/nlp_concat_heads_decode.hpp"
#include "ops/nlp_create_qkv_heads.hpp"
#include "ops/nlp_create_qkv_heads_decode.hpp"
#include "ops/op_table.hpp"
#include "ops/pad.hpp"
#include "ops/permute.hpp"
#include "ops/random_normal.hpp"
#include "ops/repeat.hpp"
#include "ops/rms_norm.hpp"
#include "ops/rms_norm_post_all_gather.hpp"
#include "ops/rms_norm_pre_all_gather.hpp"
#include "ops/rotary_embedding_llama.hpp"
#include "ops/rotary_embedding_llama_fused_qk.hpp"
#include "ops/scaled_dot_product_attention.hpp"
#include "ops/scaled_dot_product_attention_decode.hpp"
#include "ops/softmax.hpp"
#include "ops/topk.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::Placement;
using mesh::replicate;
using mesh::Shape;
using mesh::shard;
using mesh::Tensor;
using mesh::TensorSpec;

constexpr std::int64_t kSequence = 64;
constexpr std::int64_t kUsers = 8;

// An attention layer of 16 query heads and 8 key heads of 32 on the 2 x 4 chips of a T3K: heads
// over the columns; users over the rows in decode.
class AttentionOnDevice : public testing::Test {
 protected:
  static mesh::MeshDevice open(mesh::OpenOptions options = {}) {
    auto table = std::make_shared<mesh::OpTable>();
    register_ops(*table);
    return mesh::open(mesh::load_topology("t3k"), table, std::move(options));
  }

  void TearDown() override { device.close(); }

  TensorSpec spec(const Shape& global, Placement rows, Placement cols,
                  DataType dtype = DataType::Float32) const {
    const mesh::Distribution distribution{.mesh = device.shape(), .placements = {rows, cols}};
    return {.shape = mesh::local_shape(global, distribution),
            .dtype = dtype,
            .distribution = distribution};
  }

  Tensor random(const Shape& global, Placement rows, Placement cols) {
    return random_normal(device, spec(global, rows, cols), {.key = {.seed = 1, .stream = ++last_}});
  }

  RotaryEmbedding tables(const Shape& global, Placement rows) {
    return {.cos = random(global, rows, replicate()),
            .sin = random(global, rows, replicate()),
            .transformation_matrix = random({1, 1, 32, 32}, replicate(), replicate())};
  }

  Tensor prefill() {
    const Tensor x = random({1, 1, kSequence, 128}, replicate(), replicate());
    const Tensor normed = rms_norm(x, {.weight = random({4, 32}, replicate(), replicate())});
    const Tensor weight = random({1, 1, 128, 32 * 32}, replicate(), shard(3));
    const QkvHeads heads = nlp_create_qkv_heads(
        linear(normed, weight), {.num_heads = 4, .num_kv_heads = 2, .transpose_k_heads = false});
    const RotaryEmbedding positions = tables({1, 1, kSequence, 32}, replicate());
    const Tensor attended =
        scaled_dot_product_attention({.query = rotary_embedding_llama(heads.query, positions),
                                      .key = rotary_embedding_llama(heads.key, positions),
                                      .value = heads.value});
    return nlp_concat_heads(attended);
  }

  Tensor decode() {
    const Tensor rows = random({1, 1, kUsers, 32 * 32}, shard(2), shard(3));
    const QkvHeads heads = nlp_create_qkv_heads_decode(rows, {.num_heads = 4, .num_kv_heads = 2});
    const RotatedQk turned = rotary_embedding_llama_fused_qk(
        heads.query, heads.key, tables({1, 2 * kUsers, 1, 32}, shard(1)));
    const Shape cache{kUsers, 8, 300, 32};
    TensorSpec of_positions = spec({kUsers}, shard(0), replicate(), DataType::Int32);
    of_positions.layout = mesh::Layout::RowMajor;
    const Tensor attended =
        scaled_dot_product_attention_decode({.query = turned.query,
                                             .key = random(cache, shard(0), shard(1)),
                                             .value = random(cache, shard(0), shard(1))},
                                            {.cur_pos_tensor = full(device, of_positions, 270)});
    return nlp_concat_heads_decode(attended, {.num_heads = 4});
  }

  // Every other op of a model, once.
  std::vector<Tensor> surroundings() {
    const Tensor table = random({256, 128}, replicate(), shard(1));
    TensorSpec of_ids = spec({1, 32}, replicate(), replicate(), DataType::UInt32);
    of_ids.layout = mesh::Layout::RowMajor;
    const Tensor x = embedding(full(device, of_ids, 7), table);
    const Tensor statistics = rms_norm_pre_all_gather(x, {.dtype = DataType::Float32});
    const Tensor logits = random({1, 1, 32, 256}, shard(2), replicate());
    const Topk best = topk(logits, {.k = 32});
    return {statistics,
            rms_norm_post_all_gather(logits, rms_norm_pre_all_gather(logits)),
            layer_norm(logits),
            softmax(logits),
            argmax(logits, {.keepdim = true}),
            best.values,
            best.indices,
            permute(x, {1, 0, 2}),
            pad(x, {.padding = {{0, 2}, {0, 0}}, .value = 1.0F}),
            repeat(x, {2, 1, 1})};
  }

  mesh::MeshDevice device = open();

 private:
  std::uint64_t last_ = 0;
};

void expect_finite(const Tensor& tensor) {
  const std::vector<float> values = mesh::to_host(tensor).floats();
  for (const float value : values) ASSERT_TRUE(std::isfinite(value));
}

TEST_F(AttentionOnDevice, PutsShardsOfAPromptsHeadsInPlace) {
  const Tensor y = prefill();
  EXPECT_EQ(y.global_shape(), (Shape{1, 1, kSequence, 16 * 32}));
  EXPECT_EQ(mesh::to_string(y.distribution()), "[Replicate, Shard(3)]");
  expect_finite(y);
}

TEST_F(AttentionOnDevice, EqualsAttentionOfOneChip) {
  const Shape q{2, 16, kSequence, 32};
  const Shape k{2, 8, kSequence, 32};
  const Tensor query = random(q, replicate(), replicate());
  const Tensor key = random(k, replicate(), replicate());
  const Tensor value = random(k, replicate(), replicate());
  const auto parts = [](const Tensor& whole) {
    return mesh_partition(mesh_partition(whole, {.dim = 0, .cluster_axis = 0}),
                          {.dim = 1, .cluster_axis = 1});
  };
  const Tensor whole = scaled_dot_product_attention({.query = query, .key = key, .value = value});
  const Tensor split = scaled_dot_product_attention(
      {.query = parts(query), .key = parts(key), .value = parts(value)});
  EXPECT_EQ(split.shape(), (Shape{1, 4, kSequence, 32}));
  EXPECT_EQ(mesh::to_host(split).floats(), mesh::to_host(whole).floats());
}

TEST_F(AttentionOnDevice, TakesATokenOfEachUserThrough) {
  const Tensor y = decode();
  EXPECT_EQ(y.global_shape(), (Shape{1, 1, kUsers, 16 * 32}));
  EXPECT_EQ(mesh::to_string(y.distribution()), "[Shard(2), Shard(3)]");
  expect_finite(y);
}

TEST_F(AttentionOnDevice, FailsAChipWhoseIndexTheTableLacks) {
  TensorSpec of_ids = spec({1, 32}, replicate(), replicate(), DataType::UInt32);
  of_ids.layout = mesh::Layout::RowMajor;
  const Tensor x = embedding(full(device, of_ids, 256), random({256, 128}, replicate(), shard(1)));
  try {
    (void)mesh::to_host(x);
    FAIL() << "read";
  } catch (const mesh::Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("index 256 at position 0, needs one within"));
  }
}

TEST_F(AttentionOnDevice, TakesTheSameVirtualTimeWithoutValues) {
  const auto run = [this](const mesh::MeshDevice& opened) {
    device.close();
    device = opened;
    const Tensor prompt = prefill();
    const Tensor token = decode();
    const std::vector<Tensor> others = surroundings();
    return device.synchronize();
  };
  EXPECT_EQ(run(open()), run(open({.timing_only = true})));
}

}  // namespace
}  // namespace ttmesh::ops
