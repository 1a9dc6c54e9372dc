#include <gtest/gtest.h>

#include <cstdint>

#include "ccl/verifier.hpp"
#include "tests/ccl/algorithms.hpp"

// What crosses the links, against the closed forms of ccl/README.md.
namespace ttmesh::ccl {
namespace {

using test::Case;
using test::kCases;

constexpr std::size_t kForward = 0;
constexpr std::size_t kBackward = 1;

class WirePages : public testing::TestWithParam<int> {
 protected:
  int size() const { return GetParam(); }
  static const std::array<std::int64_t, mesh::kLaneCount>& of(const Verdict& verdict, int chip) {
    return verdict.pages[static_cast<std::size_t>(chip)];
  }
};

class LinePages : public WirePages {};
class RingPages : public WirePages {};
class EvenRingPages : public WirePages {};

TEST_P(LinePages, OfALineAllGatherAreTheShardsBehindEachLink) {
  constexpr std::int64_t kShard = 3;
  const Verdict verdict = kCases[0].verified(size(), kShard);
  for (int chip = 0; chip < size(); ++chip) {
    EXPECT_EQ(of(verdict, chip)[kForward], chip == size() - 1 ? 0 : (chip + 1) * kShard);
    EXPECT_EQ(of(verdict, chip)[kBackward], chip == 0 ? 0 : (size() - chip) * kShard);
  }
  EXPECT_EQ(verdict.messages, std::int64_t{size()} * (size() - 1));
}

TEST_P(LinePages, OfALineReduceScatterAreTheSlicesOfTheChipsAhead) {
  constexpr std::int64_t kSlice = 3;
  const Verdict verdict = kCases[2].verified(size(), kSlice);
  for (int chip = 0; chip < size(); ++chip) {
    EXPECT_EQ(of(verdict, chip)[kForward], (size() - 1 - chip) * kSlice);
    EXPECT_EQ(of(verdict, chip)[kBackward], chip * kSlice);
  }
  EXPECT_EQ(verdict.messages, std::int64_t{size()} * (size() - 1));
}

TEST_P(RingPages, OfARingAreTheSameInBothDirectionsOfEveryLink) {
  constexpr std::int64_t kSlice = 4;
  for (const Case& each : {kCases[1], kCases[3]}) {
    const Verdict verdict = each.verified(size(), kSlice);
    for (int chip = 0; chip < size(); ++chip) {
      EXPECT_EQ(of(verdict, chip)[kForward], (size() - 1) * kSlice / 2) << each.name;
      EXPECT_EQ(of(verdict, chip)[kBackward], (size() - 1) * kSlice / 2) << each.name;
    }
  }
}

TEST_P(EvenRingPages, OfUnevenHalvesGoForward) {
  constexpr std::int64_t kSlice = 5;
  for (const Case& each : {kCases[1], kCases[3]}) {
    const Verdict verdict = each.verified(size(), kSlice);
    EXPECT_EQ(of(verdict, 0)[kForward], (size() / 2 - 1) * kSlice + 3) << each.name;
    EXPECT_EQ(of(verdict, 0)[kBackward], (size() / 2 - 1) * kSlice + 2) << each.name;
  }
}

TEST_P(RingPages, OfSinglePageSlicesTravelInOneMessageEach) {
  for (const Case& each : {kCases[1], kCases[3]}) {
    EXPECT_EQ(each.verified(size(), 1).messages, std::int64_t{size()} * (size() - 1)) << each.name;
  }
}

TEST_P(RingPages, OfDirectSlicesAreTheHopsToTheirOwners) {
  constexpr std::int64_t kSlice = 4;
  std::int64_t quarters = 0;  // Of a slice, on each direction of a link.
  for (int distance = 1; 2 * distance < size(); ++distance) quarters += std::int64_t{4} * distance;
  if (size() % 2 == 0) quarters += size();
  const Verdict verdict = kCases[4].verified(size(), kSlice);
  for (int chip = 0; chip < size(); ++chip) {
    EXPECT_EQ(of(verdict, chip)[kForward], quarters * kSlice / 4);
    EXPECT_EQ(of(verdict, chip)[kBackward], quarters * kSlice / 4);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, LinePages, testing::Range(2, 33));
INSTANTIATE_TEST_SUITE_P(Sizes, RingPages, testing::Range(3, 33));
INSTANTIATE_TEST_SUITE_P(Sizes, EvenRingPages, testing::Range(4, 33, 2));

}  // namespace
}  // namespace ttmesh::ccl
