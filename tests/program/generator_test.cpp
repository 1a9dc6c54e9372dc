#include "mesh/program/generator.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace ttmesh::mesh {
namespace {

Generator<int> count_to(int last) {
  for (int i = 1; i <= last; ++i) co_yield i;
}

Generator<int> fail_after_one() {
  co_yield 1;
  throw std::runtime_error("no more");
}

TEST(Generator, GivesValuesOneAtATime) {
  Generator<int> numbers = count_to(2);
  EXPECT_EQ(numbers.next(), 1);
  EXPECT_EQ(numbers.next(), 2);
  EXPECT_EQ(numbers.next(), std::nullopt);
  EXPECT_EQ(numbers.next(), std::nullopt);
}

TEST(Generator, RethrowsWhatTheCoroutineThrew) {
  Generator<int> numbers = fail_after_one();
  EXPECT_EQ(numbers.next(), 1);
  EXPECT_THROW(numbers.next(), std::runtime_error);
}

TEST(Generator, MovesItsCoroutine) {
  Generator<int> first = count_to(3);
  EXPECT_EQ(first.next(), 1);
  Generator<int> second = std::move(first);
  EXPECT_EQ(second.next(), 2);
}

TEST(Generator, IsEmptyWhenDefaultConstructed) { EXPECT_EQ(Generator<int>().next(), std::nullopt); }

}  // namespace
}  // namespace ttmesh::mesh
