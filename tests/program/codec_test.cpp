#include "mesh/program/codec.hpp"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>

namespace ttmesh::mesh {
namespace {

Command example() {
  Command command;
  command.number = 42;
  command.op = "linear";
  command.view = {0, {1, 2}, {2, 4}};
  command.inputs = {3, 9};
  command.outputs = {10};
  command.input_specs = {
      TensorSpec{.shape = {1, 1, 32, 64}, .distribution = {.mesh = {2, 4}}},
      TensorSpec{.shape = {1, 1, 64, 32},
                 .dtype = DataType::Bfp4B,
                 .distribution = {.mesh = {2, 4}, .placements = {replicate(), shard(3)}}}};
  command.output_specs = {TensorSpec{.shape = {1, 1, 32, 32}, .distribution = {.mesh = {2, 4}}}};
  command.attributes = {{"fidelity", std::string("hifi2")},
                        {"scale", 0.5},
                        {"fused", true},
                        {"dims", std::vector<std::int64_t>{0, -1}},
                        {"dim", std::int64_t{-1}}};
  command.drops = {1, 2};
  command.dispatched = sim::Time::nanoseconds(7);
  command.issuer = "mlp.decode_forward";
  command.payload =
      std::make_shared<const HostTensor>(HostTensor{{2}, std::vector<float>{1.5F, -2.0F}});
  return command;
}

TEST(Codec, ACommandRoundTrips) {
  const Command command = example();
  const Command copy = decode_command(encode(command));
  EXPECT_EQ(to_string(copy), to_string(command));
  EXPECT_EQ(copy.view, command.view);
  EXPECT_EQ(copy.input_specs, command.input_specs);
  EXPECT_EQ(copy.output_specs, command.output_specs);
  EXPECT_EQ(copy.attributes, command.attributes);
  EXPECT_EQ(copy.drops, command.drops);
  EXPECT_EQ(copy.dispatched, command.dispatched);
  EXPECT_EQ(copy.payload->floats(), command.payload->floats());
}

TEST(Codec, AStepRoundTrips) {
  const Step step{.kind = Step::Kind::Receive,
                  .lane = Lane::Backward,
                  .engine = sim::Engine::Relay,
                  .peer = 5,
                  .slot = 3,
                  .source = -1,
                  .round = 2};
  EXPECT_EQ(decode_step(encode(step)), step);
}

TEST(Codec, ATensorRoundTrips) {
  const TensorReference tensor{.id = 8, .view = {1, {0, 0}, {1, 8}}, .spec = {.shape = {4, 8}}};
  EXPECT_EQ(decode_tensor(encode(tensor)), tensor);
}

TEST(Codec, RefusesBytesThatAreNoCommand) {
  const std::vector<std::byte> bytes = encode(Step{});
  EXPECT_THROW((void)decode_command(bytes), std::invalid_argument);
  EXPECT_THROW((void)decode_command({}), std::invalid_argument);
}

TEST(Codec, EveryTruncationIsRefused) {
  const std::vector<std::byte> bytes = encode(example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW((void)decode_command(std::span(bytes).first(size)), std::invalid_argument) << size;
  }
}

TEST(Codec, ChangedBytesAreDecodedOrRefused) {
  const std::vector<std::byte> bytes = encode(example());
  std::mt19937 random(1);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::vector<std::byte> changed = bytes;
    for (int change = 0; change < 3; ++change) {
      changed[random() % changed.size()] = static_cast<std::byte>(random());
    }
    try {
      (void)decode_command(changed);
    } catch (const std::invalid_argument&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace ttmesh::mesh
