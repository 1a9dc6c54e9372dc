#include "mesh/transport/credit.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace ttmesh::mesh {
namespace {

Frame frame_of(std::size_t bytes, char name) {
  return {.head = std::vector<std::byte>(bytes, static_cast<std::byte>(name))};
}

// The names of all frames that may be written.
std::string drain(SendWindow& window) {
  std::string names;
  while (const auto frame = window.next()) {
    names += static_cast<char>(frame->head.front());
  }
  return names;
}

TEST(SendWindow, AdmitsWhileAnyCreditIsLeft) {
  SendWindow window(100);
  for (const char name : {'a', 'b', 'c'}) window.push(1, frame_of(60, name));
  EXPECT_EQ(drain(window), "ab");
  EXPECT_FALSE(window.empty());
  window.grant(1, 60);
  EXPECT_EQ(drain(window), "c");
  EXPECT_TRUE(window.empty());
}

TEST(SendWindow, SendsAFrameLongerThanTheWindowAlone) {
  SendWindow window(100);
  window.push(1, frame_of(1000, 'a'));
  window.push(1, frame_of(1, 'b'));
  EXPECT_EQ(drain(window), "a");
  window.grant(1, 899);
  EXPECT_EQ(drain(window), "");
  window.grant(1, 2);
  EXPECT_EQ(drain(window), "b");
}

TEST(SendWindow, AStreamWithoutCreditHoldsUpNoOther) {
  SendWindow window(10);
  window.push(1, frame_of(10, 'a'));
  window.push(1, frame_of(10, 'b'));
  window.push(2, frame_of(10, 'c'));
  EXPECT_EQ(drain(window), "ac");
}

TEST(SendWindow, KeepsTheOrderOfAStream) {
  SendWindow window(10);
  for (const char name : {'a', 'b', 'c', 'd'}) window.push(1, frame_of(10, name));
  std::string names = drain(window);
  for (int i = 0; i < 3; ++i) {
    window.grant(1, 10);
    names += drain(window);
  }
  EXPECT_EQ(names, "abcd");
}

TEST(SendWindow, RefusesCreditThatWasNeverUsed) {
  SendWindow window(10);
  window.push(1, frame_of(5, 'a'));
  EXPECT_THROW(window.grant(1, 6), std::invalid_argument);
  EXPECT_THROW(window.grant(2, 1), std::invalid_argument);
}

class Sink : public CreditSink {
 public:
  void give_back(const Credit& credit) override { bytes.push_back(credit.bytes); }
  std::vector<std::uint64_t> bytes;
};

TEST(Inflow, GivesCreditBackInLargeParts) {
  const auto sink = std::make_shared<Sink>();
  const auto inflow = std::make_shared<Inflow>(1, 100, sink);
  for (int i = 0; i < 5; ++i) {
    inflow->take(10);
    const Receipt receipt(inflow, 10);
  }
  EXPECT_EQ(sink->bytes, std::vector<std::uint64_t>{30});
}

TEST(Inflow, RefusesWhatHasNoCredit) {
  Inflow inflow(1, 100, std::weak_ptr<CreditSink>());
  inflow.take(99);
  inflow.take(1000);
  EXPECT_THROW(inflow.take(1), std::invalid_argument);
}

TEST(Receipt, GivesBackOnce) {
  const auto sink = std::make_shared<Sink>();
  const auto inflow = std::make_shared<Inflow>(1, 100, sink);
  inflow->take(50);
  Receipt first(inflow, 50);
  Receipt second = std::move(first);
  second.release();
  second.release();
  EXPECT_EQ(sink->bytes, std::vector<std::uint64_t>{50});
}

TEST(Credit, RoundTrips) {
  const Frame frame = encode(Credit{.stream = 7, .bytes = 1U << 30U});
  const Credit copy = decode_credit(std::span(frame.head).subspan(kPreambleBytes));
  EXPECT_EQ(copy.stream, 7U);
  EXPECT_EQ(copy.bytes, 1U << 30U);
}

}  // namespace
}  // namespace ttmesh::mesh
