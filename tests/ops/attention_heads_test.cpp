#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::Shape;
using mesh::TensorSpec;
using ::testing::HasSubstr;

constexpr std::int64_t kQueries = 4;
constexpr std::int64_t kKeys = 2;
constexpr std::int64_t kHeadDim = 16;
constexpr std::int64_t kWidth = (kQueries + 2 * kKeys) * kHeadDim;

OpTrial create(const TensorSpec& input, bool transposed, std::int64_t queries = kQueries) {
  return OpTrial("nlp_create_qkv_heads",
                 {{"num_heads", queries},
                  {"num_kv_heads", kKeys},
                  {"transpose_k_heads", transposed},
                  {"memory", std::string("dram")}},
                 {input});
}

OpTrial create_decode(const TensorSpec& input) {
  return OpTrial(
      "nlp_create_qkv_heads_decode",
      {{"num_heads", kQueries}, {"num_kv_heads", kKeys}, {"memory", std::string("dram")}}, {input});
}

OpTrial join(const TensorSpec& input) {
  return OpTrial("nlp_concat_heads", {{"memory", std::string("dram")}}, {input});
}

OpTrial join_decode(const TensorSpec& input, std::int64_t heads) {
  return OpTrial("nlp_concat_heads_decode", {{"num_heads", heads}, {"memory", std::string("dram")}},
                 {input});
}

mesh::Shard counted(const TensorSpec& spec) {
  std::vector<float> numbers(static_cast<std::size_t>(spec.shape.volume()));
  std::iota(numbers.begin(), numbers.end(), 0.0F);
  return shard_with(spec, numbers);
}

TensorSpec rows(Shape shape, DataType dtype = DataType::Float32) {
  return {.shape = std::move(shape), .dtype = dtype};
}

TEST(AttentionHeads, SplitRowsOfAPrompt) {
  const TensorSpec input = rows({2, 1, 3, kWidth});
  const mesh::Shard x = counted(input);
  const auto heads = create(input, false).run_all({x});
  const auto turned = create(input, true).run_all({x});
  EXPECT_EQ(heads[0].shape(), (Shape{2, kQueries, 3, kHeadDim}));
  EXPECT_EQ(heads[1].shape(), (Shape{2, kKeys, 3, kHeadDim}));
  EXPECT_EQ(turned[1].shape(), (Shape{2, kKeys, kHeadDim, 3}));
  const std::int64_t firsts[] = {0, kQueries, kQueries + kKeys};
  for (std::size_t part = 0; part < 3; ++part) {
    const std::vector<float> got = floats(heads[part]);
    const std::vector<float> got_turned = floats(turned[part]);
    const std::int64_t count = part == 0 ? kQueries : kKeys;
    for (std::int64_t i = 0; i < heads[part].shape().volume(); ++i) {
      const std::int64_t d = i % kHeadDim;
      const std::int64_t s = i / kHeadDim % 3;
      const std::int64_t h = i / kHeadDim / 3 % count;
      const std::int64_t b = i / kHeadDim / 3 / count;
      const auto want =
          static_cast<float>((b * 3 + s) * kWidth + (firsts[part] + h) * kHeadDim + d);
      const std::int64_t at = part == 1 ? ((b * count + h) * kHeadDim + d) * 3 + s : i;
      ASSERT_EQ(got[static_cast<std::size_t>(i)], want);
      ASSERT_EQ(got_turned[static_cast<std::size_t>(at)], want);
    }
  }
}

TEST(AttentionHeads, SplitTheTokenOfEachUser) {
  const TensorSpec input = rows({1, 1, 5, kWidth});
  const auto heads = create_decode(input).run_all({counted(input)});
  EXPECT_EQ(heads[0].shape(), (Shape{1, 5, kQueries, kHeadDim}));
  EXPECT_EQ(heads[2].shape(), (Shape{1, 5, kKeys, kHeadDim}));
  EXPECT_EQ(floats(heads[0])[(2 * kQueries + 3) * kHeadDim + 1], 2 * kWidth + 3 * kHeadDim + 1);
  EXPECT_EQ(floats(heads[1])[(2 * kKeys + 1) * kHeadDim], 2 * kWidth + (kQueries + 1) * kHeadDim);
  EXPECT_EQ(floats(heads[2])[(4 * kKeys + 1) * kHeadDim + 7],
            4 * kWidth + (kQueries + kKeys + 1) * kHeadDim + 7);
}

TEST(AttentionHeads, JoinWhatWasSplit) {
  for (const DataType dtype : {DataType::Float32, DataType::Bfloat16, DataType::Bfp8B}) {
    const TensorSpec prompt = rows({2, 1, 3, kWidth}, dtype);
    const mesh::Shard x = random_shard(prompt, 1);
    const mesh::Shard query = create(prompt, false).run({x});
    const mesh::Shard joined = join(create(prompt, false).infer()).run({query});
    EXPECT_EQ(joined.shape(), (Shape{2, 1, 3, kQueries * kHeadDim}));
    const TensorSpec token = rows({1, 1, 6, kWidth}, dtype);
    const mesh::Shard same = shard_with(token, floats(x));
    const mesh::Shard users = create_decode(token).run({same});
    const mesh::Shard joined_users =
        join_decode(create_decode(token).infer(), kQueries).run({users});
    EXPECT_EQ(floats(joined), floats(joined_users));
    const std::vector<float> all = floats(x);
    for (std::size_t i = 0; i < std::size_t{6} * kQueries * kHeadDim; ++i) {
      const std::size_t row = i / (kQueries * kHeadDim);
      ASSERT_EQ(floats(joined)[i], all[row * kWidth + i % (kQueries * kHeadDim)]);
    }
  }
}

TEST(AttentionHeads, LeavePaddingHeadsOut) {
  const TensorSpec input = rows({1, 2, 8, kHeadDim});
  const mesh::Shard x = counted(input);
  const OpTrial op = join_decode(input, 3);
  EXPECT_EQ(op.infer().shape, (Shape{1, 1, 2, 3 * kHeadDim}));
  EXPECT_EQ(floats(op.run({x}))[3 * kHeadDim], 8 * kHeadDim);
}

TEST(AttentionHeads, RoundBlockFloatsAgainWhereRunsChange) {
  const TensorSpec input = rows({1, 1, 16, kWidth}, DataType::Bfp8B);
  const mesh::Shard x = random_shard(input, 1);
  const mesh::Shard turned = create(input, true).run_all({x})[1];
  std::vector<float> want = floats(turned);
  mesh::quantise(want, want, DataType::Bfp8B, 16);
  EXPECT_EQ(floats(turned), want);
}

std::string flow(const std::vector<TensorSpec>& specs) {
  std::string text;
  for (const TensorSpec& spec : specs) text += to_string(spec.distribution.along(1)) + " ";
  return text;
}

TensorSpec placed(TensorSpec spec, mesh::Placement columns) {
  spec.distribution = {.mesh = {1, 4}, .placements = {mesh::replicate(), columns}};
  return spec;
}

TEST(AttentionHeads, MovePlacementsWithTheirDims) {
  const TensorSpec prompt = rows({2, 1, 32, kWidth});
  const TensorSpec token = rows({1, 1, 32, kWidth});
  EXPECT_EQ(flow(create(placed(prompt, mesh::shard(3)), false).infer_all()),
            "Shard(1) Shard(1) Shard(1) ");
  EXPECT_EQ(flow(create(placed(prompt, mesh::shard(2)), true).infer_all()),
            "Shard(2) Shard(3) Shard(2) ");
  EXPECT_EQ(flow(create(placed(prompt, mesh::partial()), false).infer_all()),
            "Partial Partial Partial ");
  EXPECT_EQ(flow(create_decode(placed(token, mesh::shard(3))).infer_all()),
            "Shard(2) Shard(2) Shard(2) ");
  EXPECT_EQ(flow(create_decode(placed(token, mesh::shard(2))).infer_all()),
            "Shard(1) Shard(1) Shard(1) ");
  const TensorSpec heads = rows({1, 8, 32, 64});
  EXPECT_EQ(flow(join(placed(heads, mesh::shard(1))).infer_all()), "Shard(3) ");
  EXPECT_EQ(flow(join_decode(placed(heads, mesh::shard(2)), 32).infer_all()), "Shard(3) ");
  EXPECT_EQ(flow(join_decode(placed(heads, mesh::shard(1)), 32).infer_all()), "Shard(2) ");
}

TEST(AttentionHeads, RefuseWhatDoesNotSplit) {
  const auto refused = [](const OpTrial& op) { return refusal([&] { return op.infer(); }); };
  const TensorSpec prompt = rows({2, 1, 32, kWidth});
  EXPECT_THAT(
      refused(create(rows({2, 1, 32, kWidth + 1}), false)),
      HasSubstr("rows have 129 values on each chip, needs a multiple of the 4 query, 2 key"));
  EXPECT_THAT(refused(create(prompt, false, 3)), HasSubstr("the first a multiple of the second"));
  EXPECT_THAT(refused(create(rows({2, 2, 32, kWidth}), false)), HasSubstr("extent 1 in dim 1"));
  EXPECT_THAT(refused(create_decode(prompt)), HasSubstr("extent 1 in dim 0"));
  EXPECT_THAT(refused(create(placed(prompt, mesh::stacked(3)), false)),
              HasSubstr("fast_reduce_nc over dim 3 first"));
  EXPECT_THAT(refused(join(placed(rows({1, 8, 32, 64}), mesh::shard(3)))),
              HasSubstr("all_gather with dim 3 and cluster_axis 1 first"));
  EXPECT_THAT(refused(join_decode(rows({1, 8, 4, 64}), 5)), HasSubstr("needs 1 to the 4 heads"));
}

TEST(AttentionHeads, PayForReadingAndWritingOnce) {
  const TensorSpec prompt = rows({1, 1, 32, 8 * 64}, DataType::Bfloat16);
  EXPECT_EQ(std::get<sim::StreamWork>(create(prompt, false).cost()).dram_bytes, 2 * 16 * 2048);
}

OpTrial create_slice(const TensorSpec& input, const TensorSpec& offset, std::int64_t size) {
  return OpTrial("nlp_create_qkv_heads_decode",
                 {{"num_heads", kQueries},
                  {"num_kv_heads", kKeys},
                  {"memory", std::string("dram")},
                  {"slice_size", size}},
                 {input, offset});
}

TensorSpec offset_of(mesh::Placement columns) {
  return {.shape = {1},
          .dtype = DataType::Int32,
          .layout = mesh::Layout::RowMajor,
          .distribution = {.mesh = {1, 4}, .placements = {mesh::replicate(), columns}}};
}

TensorSpec on_columns(TensorSpec of, mesh::Placement columns) {
  of.distribution = {.mesh = {1, 4}, .placements = {mesh::replicate(), columns}};
  return of;
}

TEST(AttentionHeads, OfASliceAreThoseOfItsUsers) {
  const TensorSpec all = on_columns(rows({1, 1, 8, kWidth}), mesh::replicate());
  const mesh::Shard x = counted(all);
  const OpTrial op = create_slice(all, offset_of(mesh::shard(0)), 2);
  EXPECT_EQ(op.infer().distribution.along(1), mesh::shard(1));
  for (const int column : {0, 3}) {
    const auto heads = op.run_all({x, int_shard({1}, {2 * column})}, {.row = 0, .col = column});
    const auto whole = create_decode(all).run_all({x});
    for (std::size_t part = 0; part < 3; ++part) {
      const std::vector<float> got = floats(heads[part]);
      const std::vector<float> want = floats(whole[part]);
      const auto first = want.begin() + column * static_cast<std::ptrdiff_t>(got.size());
      EXPECT_EQ(got, std::vector<float>(first, first + static_cast<std::ptrdiff_t>(got.size())));
    }
  }
}

TEST(AttentionHeads, OfASliceAreReplicatedUnderOneOffset) {
  const TensorSpec all = on_columns(rows({1, 1, 8, kWidth}), mesh::replicate());
  const OpTrial op = create_slice(all, offset_of(mesh::replicate()), 3);
  EXPECT_EQ(op.infer().distribution.along(1), mesh::replicate());
  EXPECT_EQ(op.run({counted(all), int_shard({1}, {5})}).shape(), (Shape{1, 3, kQueries, kHeadDim}));
  EXPECT_THROW(op.run({counted(all), int_shard({1}, {6})}), std::out_of_range);
}

TEST(AttentionHeads, RefuseSlicesThatAreNotThoseOfTheChips) {
  const TensorSpec all = on_columns(rows({1, 1, 8, kWidth}), mesh::replicate());
  const OpTrial op = create_slice(all, offset_of(mesh::shard(0)), 2);
  EXPECT_THROW(op.run({counted(all), int_shard({1}, {4})}, {.row = 0, .col = 1}),
               std::out_of_range);
  EXPECT_THAT(refusal([&] { return create_slice(all, offset_of(mesh::shard(0)), 3).infer(); }),
              HasSubstr("slices that make up the users of 4 chips"));
  EXPECT_THAT(
      refusal([&] {
        return create_slice(on_columns(all, mesh::shard(2)), offset_of(mesh::shard(0)), 2).infer();
      }),
      HasSubstr("input is Shard(2)"));
}

}  // namespace
}  // namespace ttmesh::ops
