#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "ops/chunked_scaled_dot_product_attention.hpp"
#include "ops/kv_cache.hpp"
#include "ops/scaled_dot_product_attention_decode.hpp"
#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::Shape;
using mesh::TensorSpec;
using ::testing::Each;
using ::testing::HasSubstr;
using Positions = std::vector<std::int64_t>;
using Table = std::vector<std::int32_t>;

constexpr std::int64_t kUsers = 3;
constexpr std::int64_t kHeads = 4;
constexpr std::int64_t kKeyHeads = 2;
constexpr std::int64_t kKeys = 320;
constexpr std::int64_t kHeadDim = 32;
constexpr std::int64_t kPage = 32;
constexpr std::int64_t kPages = kKeys / kPage;
constexpr std::int64_t kBlocks = kUsers * kPages + 2;

TensorSpec spec(Shape shape, DataType dtype) { return {.shape = std::move(shape), .dtype = dtype}; }
TensorSpec whole(DataType dtype) { return spec({kUsers, kKeyHeads, kKeys, kHeadDim}, dtype); }
TensorSpec blocks(DataType dtype) { return spec({kBlocks, kKeyHeads, kPage, kHeadDim}, dtype); }
TensorSpec tokens(DataType dtype) { return spec({1, kUsers, kHeads, kHeadDim}, dtype); }
TensorSpec chunk(std::int64_t users, std::int64_t length, DataType dtype) {
  return spec({users, kHeads, length, kHeadDim}, dtype);
}
TensorSpec table_spec(std::int64_t users = kUsers) {
  return {.shape = {users, kPages}, .dtype = DataType::Int32, .layout = mesh::Layout::RowMajor};
}

// Pages all over the cache.
Table scattered() {
  Table table;
  for (std::int64_t i = 0; i < kUsers * kPages; ++i) {
    table.push_back(static_cast<std::int32_t>((i * 7 + 5) % kBlocks));
  }
  return table;
}

// The contiguous cache cut into blocks as the table says; the other blocks hold NaN.
mesh::Shard paged(const mesh::Shard& cache, DataType dtype, const Table& table) {
  const std::vector<float> from = floats(cache);
  std::vector<float> to(static_cast<std::size_t>(blocks(dtype).shape.volume()), std::nanf(""));
  constexpr std::size_t kRun = kPage * kHeadDim;
  for (std::size_t user = 0; user < kUsers; ++user) {
    for (std::size_t page = 0; page < kPages; ++page) {
      for (std::size_t head = 0; head < kKeyHeads; ++head) {
        const auto block = static_cast<std::size_t>(table[user * kPages + page]);
        const auto source = from.begin() + static_cast<std::ptrdiff_t>(
                                               ((user * kKeyHeads + head) * kPages + page) * kRun);
        std::copy_n(source, kRun,
                    to.begin() + static_cast<std::ptrdiff_t>((block * kKeyHeads + head) * kRun));
      }
    }
  }
  return shard_with(blocks(dtype), to);
}

mesh::Attributes decode_attributes(const Positions& positions, std::int64_t window = 0) {
  mesh::Attributes attributes{{"is_causal", true},
                              {"cur_pos", positions},
                              {"cur_pos_tensor", false},
                              {"attn_mask", false},
                              {"fidelity", std::string("hifi2")},
                              {"memory", std::string("dram")}};
  if (window != 0) attributes.set("sliding_window_size", window);
  return attributes;
}

OpTrial paged_decode(DataType dtype, const Positions& positions, std::int64_t window = 0) {
  mesh::Attributes attributes = decode_attributes(positions, window);
  attributes.set("page_table", true);
  return OpTrial("paged_scaled_dot_product_attention_decode", attributes,
                 {tokens(dtype), blocks(dtype), blocks(dtype), table_spec()});
}

std::vector<mesh::Shard> whole_shards(const mesh::Shard& query, DataType dtype) {
  return {query, random_shard(whole(dtype), 2), random_shard(whole(dtype), 3)};
}

std::vector<mesh::Shard> paged_shards(const std::vector<mesh::Shard>& shards, DataType dtype,
                                      const Table& table) {
  return {shards[0], paged(shards[1], dtype, scattered()), paged(shards[2], dtype, scattered()),
          int_shard({static_cast<std::int64_t>(table.size()) / kPages, kPages}, table)};
}

class PagedAttention : public testing::TestWithParam<DataType> {};

TEST_P(PagedAttention, OfATokenEqualsThatOfAContiguousCache) {
  const DataType dtype = GetParam();
  const auto shards = whole_shards(random_shard(tokens(dtype), 1), dtype);
  for (const Positions& positions : {Positions{0, 319, 40}, Positions{-1, 31, 256}}) {
    for (const std::int64_t window : {0, 50}) {
      const OpTrial contiguous("scaled_dot_product_attention_decode",
                               decode_attributes(positions, window),
                               {tokens(dtype), whole(dtype), whole(dtype)});
      EXPECT_EQ(
          floats(
              paged_decode(dtype, positions, window).run(paged_shards(shards, dtype, scattered()))),
          floats(contiguous.run(shards)));
    }
  }
}

struct Chunk {
  std::int64_t first;
  std::int64_t length;
  std::int64_t window = 0;
};

mesh::Attributes chunk_attributes(const Chunk& of) {
  mesh::Attributes attributes{{"is_causal", true},
                              {"chunk_start_idx", of.first},
                              {"q_chunk_size", std::int64_t{64}},
                              {"fidelity", std::string("hifi4")},
                              {"memory", std::string("dram")}};
  if (of.window != 0) attributes.set("sliding_window_size", of.window);
  return attributes;
}

TEST_P(PagedAttention, OfAChunkEqualsThatOfAContiguousCache) {
  const DataType dtype = GetParam();
  for (const Chunk& of : {Chunk{0, 64}, Chunk{128, 96}, Chunk{256, 64, 100}}) {
    const TensorSpec query = chunk(kUsers, of.length, dtype);
    const auto shards = whole_shards(random_shard(query, 1), dtype);
    const OpTrial contiguous("scaled_dot_product_attention", chunk_attributes(of),
                             {query, whole(dtype), whole(dtype)});
    const OpTrial chunked("chunked_scaled_dot_product_attention", chunk_attributes(of),
                          {query, blocks(dtype), blocks(dtype), table_spec()});
    EXPECT_EQ(floats(chunked.run(paged_shards(shards, dtype, scattered()))),
              floats(contiguous.run(shards)));
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, PagedAttention,
                         testing::Values(DataType::Float32, DataType::Bfloat16, DataType::Bfp8B),
                         [](const auto& test) { return std::string(mesh::name(test.param)); });

TEST(PagedAttentionTable, NeedsNoBlocksForPagesThatNobodySees) {
  const auto shards = whole_shards(random_shard(tokens(DataType::Float32), 1), DataType::Float32);
  Table table = scattered();
  for (std::size_t page = 2; page < kPages; ++page) table[page] = -1;  // Of user 0.
  const OpTrial op = paged_decode(DataType::Float32, {63, 0, -1});
  EXPECT_EQ(floats(op.run(paged_shards(shards, DataType::Float32, table))),
            floats(op.run(paged_shards(shards, DataType::Float32, scattered()))));
  EXPECT_THROW(paged_decode(DataType::Float32, {64, 0, -1})
                   .run(paged_shards(shards, DataType::Float32, table)),
               std::invalid_argument);
}

TEST(PagedAttentionTable, LeavesIdleUsersZero) {
  const auto shards = whole_shards(random_shard(tokens(DataType::Float32), 1), DataType::Float32);
  const Table nobody(kUsers * kPages, -1);
  EXPECT_THAT(floats(paged_decode(DataType::Float32, {-1, -1, -1})
                         .run(paged_shards(shards, DataType::Float32, nobody))),
              Each(0.0F));
}

TEST(PagedAttentionTable, TakesAChunkOfOneOfItsUsers) {
  constexpr DataType kType = DataType::Float32;
  const Chunk of{128, 64};
  const auto shards = whole_shards(random_shard(chunk(kUsers, of.length, kType), 1), kType);
  const OpTrial all("chunked_scaled_dot_product_attention", chunk_attributes(of),
                    {chunk(kUsers, of.length, kType), blocks(kType), blocks(kType), table_spec()});
  const std::vector<float> want = floats(all.run(paged_shards(shards, kType, scattered())));
  const auto per_user = static_cast<std::ptrdiff_t>(want.size() / kUsers);
  for (const std::int64_t user : {0, 2}) {
    mesh::Attributes attributes = chunk_attributes(of);
    attributes.set("user", user);
    const std::vector<float> queries = floats(shards[0]);
    auto of_user = paged_shards(shards, kType, scattered());
    of_user[0] = shard_with(chunk(1, of.length, kType), {queries.begin() + user * per_user,
                                                         queries.begin() + (user + 1) * per_user});
    const OpTrial one("chunked_scaled_dot_product_attention", attributes,
                      {chunk(1, of.length, kType), blocks(kType), blocks(kType), table_spec()});
    EXPECT_EQ(floats(one.run(of_user)), (std::vector<float>(want.begin() + user * per_user,
                                                            want.begin() + (user + 1) * per_user)));
  }
}

TensorSpec along(TensorSpec of, mesh::Placement columns) {
  of.distribution = {.mesh = {1, 2}, .placements = {mesh::replicate(), columns}};
  return of;
}

OpTrial of_user(std::int64_t user, mesh::Placement of_blocks, mesh::Placement of_table) {
  constexpr DataType kType = DataType::Float32;
  mesh::Attributes attributes = chunk_attributes({128, 64});
  attributes.set("user", user);
  return OpTrial("chunked_scaled_dot_product_attention", attributes,
                 {along(chunk(1, 64, kType), mesh::replicate()), along(blocks(kType), of_blocks),
                  along(blocks(kType), of_blocks), along(table_spec(), of_table)});
}

TEST(PagedAttentionTable, OwesASumWhereOtherChipsHoldTheUser) {
  constexpr DataType kType = DataType::Float32;
  EXPECT_EQ(of_user(4, mesh::shard(0), mesh::shard(0)).infer().distribution.along(1),
            mesh::partial());
  EXPECT_EQ(of_user(2, mesh::replicate(), mesh::replicate()).infer().distribution.along(1),
            mesh::replicate());
  const auto shards =
      paged_shards(whole_shards(random_shard(chunk(1, 64, kType), 1), kType), kType, scattered());
  const OpTrial fifth = of_user(4, mesh::shard(0), mesh::shard(0));
  const OpTrial second = of_user(1, mesh::shard(0), mesh::shard(0));
  EXPECT_THAT(floats(fifth.run(shards, {.row = 0, .col = 0})), Each(0.0F));
  EXPECT_EQ(floats(fifth.run(shards, {.row = 0, .col = 1})),
            floats(second.run(shards, {.row = 0, .col = 0})));
  EXPECT_NE(fifth.position_key({.row = 0, .col = 0}), fifth.position_key({.row = 0, .col = 1}));
  EXPECT_EQ(fifth.position_key({.row = 0, .col = 1}), fifth.position_key({.row = 1, .col = 1}));
}

TEST(PagedAttentionTable, RefusesWhatDoesNotFit) {
  constexpr DataType kType = DataType::Float32;
  EXPECT_THAT(refusal([] { return of_user(6, mesh::shard(0), mesh::shard(0)).infer(); }),
              HasSubstr("there is no user 6, the page table has users 0 to 5"));
  EXPECT_THAT(refusal([] { return of_user(0, mesh::shard(0), mesh::replicate()).infer(); }),
              HasSubstr("needs page table Shard(0)"));
  const auto refused = [](const TensorSpec& table) {
    mesh::Attributes attributes = decode_attributes({0, 0, 0});
    attributes.set("page_table", true);
    return refusal([&] {
      return OpTrial("paged_scaled_dot_product_attention_decode", attributes,
                     {tokens(kType), blocks(kType), blocks(kType), table})
          .infer();
    });
  };
  EXPECT_THAT(refused(table_spec(2)), HasSubstr("needs [3, pages]: a row for each user"));
  EXPECT_THAT(refused(spec({kUsers, kPages}, kType)), HasSubstr("page table"));
  EXPECT_THAT(refusal([] {
                return paged_decode(kType, {0, kKeys, 0}).infer();
              }),
              HasSubstr("position 320 of user 1, needs -1 (idle) or one of the 320 keys"));
  EXPECT_THAT(refusal([] {
                return OpTrial(
                           "chunked_scaled_dot_product_attention", chunk_attributes({288, 64}),
                           {chunk(kUsers, 64, kType), blocks(kType), blocks(kType), table_spec()})
                    .infer();
              }),
              HasSubstr("64 queries from chunk_start_idx 288 on and 320 keys"));
}

TEST(PagedAttentionTable, PaysForTheKeysThatAreSeen) {
  const auto work = std::get<sim::StreamWork>(paged_decode(DataType::Bfp8B, {31, 64, -1}).cost());
  EXPECT_EQ(work.tiles, kKeyHeads * (1 + 3));
}

}  // namespace
}  // namespace ttmesh::ops
