#include "mesh/tensor/block.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <vector>

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// Keeps values in reverse.
class Reversed : public PackedValues {
 public:
  explicit Reversed(const Buffer& plain) {
    const auto in = values<float>(plain);
    reversed_.assign(in.rbegin(), in.rend());
  }
  std::size_t bytes() const override { return reversed_.size() * sizeof(float); }
  std::shared_ptr<const Buffer> unpack() const override {
    auto plain = std::make_shared<Buffer>(bytes());
    std::copy(reversed_.rbegin(), reversed_.rend(), values<float>(*plain).begin());
    return plain;
  }

 private:
  std::vector<float> reversed_;
};

BlockPtr counting_block(std::int64_t count) {
  auto buffer = std::make_shared<Buffer>(static_cast<std::size_t>(count) * sizeof(float));
  float next = 0;
  for (float& value : values<float>(*buffer)) value = next++;
  return std::make_shared<const Block>(Shape{count}, HeldType::Float32, std::move(buffer));
}

TEST(Buffer, IsAlignedToACacheLine) {
  for (const std::size_t bytes : {0U, 1U, 63U, 64U, 1000U, 1U << 20}) {
    const Buffer buffer(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64, 0U);
    EXPECT_EQ(buffer.size(), bytes);
  }
}

TEST(Block, RejectsABufferOfTheWrongSize) {
  EXPECT_THAT(
      [] {
        Block(Shape{2, 3}, HeldType::Float32, std::make_shared<const Buffer>(20));
      },
      ThrowsMessage<std::invalid_argument>(
          "[Block] buffer of 20 bytes for [2, 3], needs 24 bytes"));
  EXPECT_THROW(Block(Shape{1}, HeldType::Float32, nullptr), std::invalid_argument);
}

TEST(Block, NeverReusesAnId) {
  std::vector<BlockId> ids(4000);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < 4; ++t) {
      threads.emplace_back([&ids, t] {
        for (std::size_t i = 0; i < 1000; ++i) ids[t * 1000 + i] = counting_block(1)->id();
      });
    }
  }
  std::ranges::sort(ids);
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

TEST(Block, GivesPlainValuesAgainAfterPacking) {
  const BlockPtr block = counting_block(100);
  const std::shared_ptr<const Buffer> before = block->plain();
  EXPECT_EQ(block->packed(), nullptr);
  block->adopt(std::make_shared<const Reversed>(*before));
  EXPECT_NE(block->packed(), nullptr);
  const std::shared_ptr<const Buffer> after = block->plain();
  EXPECT_NE(after, before);
  EXPECT_TRUE(std::ranges::equal(values<float>(*after), values<float>(*before)));
}

TEST(Block, DropsThePlainValuesWhenPacked) {
  const BlockPtr block = counting_block(10);
  const std::weak_ptr<const Buffer> plain = block->plain();
  block->adopt(std::make_shared<const Reversed>(*block->plain()));
  EXPECT_TRUE(plain.expired());
}

TEST(Block, IsReadWhileItIsPacked) {
  const BlockPtr block = counting_block(1000);
  std::vector<float> last(4);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < last.size(); ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 100; ++i) last[t] = values<float>(*block->plain())[999];
      });
    }
    block->adopt(std::make_shared<const Reversed>(*block->plain()));
  }
  EXPECT_EQ(last, std::vector<float>(4, 999.0F));
}

}  // namespace
}  // namespace ttmesh::mesh
