#include "modules/sampling/sampling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mesh/device/transfer.hpp"
#include "mesh/program/command.hpp"
#include "mesh/tensor/random.hpp"
#include "modules/open.hpp"

namespace ttmesh::modules {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int kUsers = 32;

mesh::HostTensor logits_of(std::int64_t width, std::uint64_t seed = 1) {
  std::vector<float> values(static_cast<std::size_t>(kUsers * width));
  mesh::fill_normal({.seed = seed}, 0, 1, values);
  return {.shape = {1, 1, kUsers, width}, .values = std::move(values)};
}

std::vector<std::uint32_t> ids(const mesh::Tensor& tokens) {
  return std::get<std::vector<std::uint32_t>>(mesh::to_host(tokens).values);
}

/// Ids of one user's values, best first.
std::vector<std::uint32_t> order_of(const mesh::HostTensor& logits, int user) {
  const auto width = static_cast<std::size_t>(logits.shape[-1]);
  const auto first = static_cast<std::size_t>(user) * width;
  std::vector<std::uint32_t> order(width);
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return logits.floats()[first + a] > logits.floats()[first + b];
  });
  return order;
}

SamplingConfig config_on(const mesh::MeshDevice& device, std::int64_t vocab,
                         const SamplingParams& params = {}) {
  SamplingConfig config{.device = device, .vocab = vocab};
  config.params = {{params}};
  return config;
}

std::vector<std::uint32_t> tokens_of(Sampling sampling, const mesh::HostTensor& logits) {
  return ids(sampling.forward(sampling.input(logits, mesh::DataType::Float32)));
}

TEST(Sampling, TakesTheFirstOfEqualLogitsWhicheverChipHoldsThem) {
  for (const char* mesh : {"n150", "t3k:1x8:line", "tg"}) {
    const mesh::MeshDevice device = open(mesh);
    mesh::HostTensor logits = logits_of(1024);
    auto& values = std::get<std::vector<float>>(logits.values);
    for (std::size_t user = 0; user < kUsers; ++user) {
      for (const std::size_t id : {user * 7 + 3, std::size_t{500}, std::size_t{1023}}) {
        values[user * 1024 + id] = 50;
      }
    }
    const SamplingConfig config = config_on(device, 1024);
    const auto got = device.shape().rows > 1 ? tokens_of(Sampling2D::from_config(config), logits)
                                             : tokens_of(Sampling1D::from_config(config), logits);
    for (std::size_t user = 0; user < kUsers; ++user) EXPECT_EQ(got[user], user * 7 + 3) << mesh;
  }
}

TEST(Sampling, StaysWithinTheBestK) {
  const mesh::MeshDevice device = open("t3k:1x8:ring");
  const mesh::HostTensor logits = logits_of(1024);
  Sampling1D sampling = Sampling1D::from_config(
      config_on(device, 1024, {.top_k = 5, .top_p = 1, .temperature = 3, .seed = 9}));
  const mesh::Tensor x = sampling.input(logits, mesh::DataType::Float32);
  std::set<std::uint32_t> first_users;
  for (int draw = 0; draw < 20; ++draw) {
    const std::vector<std::uint32_t> got = ids(sampling.forward(x));
    for (int user = 0; user < kUsers; ++user) {
      const auto order = order_of(logits, user);
      const auto* const end = order.data() + 5;
      EXPECT_NE(std::find(order.data(), end, got[static_cast<std::size_t>(user)]), end);
    }
    first_users.insert(got[0]);
  }
  EXPECT_GT(first_users.size(), 1);
}

TEST(Sampling, KeepsTheFewestThatReachP) {
  // Probabilities 0.5, 0.25, 0.125 ..: two reach 0.7.
  mesh::HostTensor logits = logits_of(64);
  auto& values = std::get<std::vector<float>>(logits.values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = -std::log(2.0F) * static_cast<float>(i % 64);
  }
  Sampling1D sampling = Sampling1D::from_config(
      config_on(open("n300"), 64, {.top_k = 32, .top_p = 0.7, .temperature = 1, .seed = 3}));
  const mesh::Tensor x = sampling.input(logits, mesh::DataType::Float32);
  int seconds = 0;
  for (int draw = 0; draw < 30; ++draw) {
    for (const std::uint32_t id : ids(sampling.forward(x))) {
      EXPECT_LE(id, 1);
      seconds += id == 1 ? 1 : 0;
    }
  }
  // A third of 960 draws; five standard deviations are 73.
  EXPECT_NEAR(seconds, 320, 73);
}

TEST(Sampling, RepeatsWithTheSameSeedsAndKeepsUsersApart) {
  const mesh::MeshDevice device = open("tg");
  const SamplingParams hot{.top_k = 32, .top_p = 1, .temperature = 5, .seed = 77};
  const mesh::HostTensor logits = logits_of(1024);
  Sampling2D sampling = Sampling2D::from_config(config_on(device, 1024, hot));
  const mesh::Tensor x = sampling.input(logits, mesh::DataType::Float32);
  const auto first = ids(sampling.forward(x));
  EXPECT_NE(ids(sampling.forward(x)), first);
  sampling.set_params({hot});
  EXPECT_EQ(ids(sampling.forward(x)), first);
  std::vector<SamplingParams> others(kUsers, hot);
  others[3].seed = 78;
  others[5].temperature = 0;
  sampling.set_params(others);
  auto changed = ids(sampling.forward(x));
  EXPECT_EQ(changed[5], order_of(logits, 5).front());
  changed[3] = first[3];
  changed[5] = first[5];
  EXPECT_EQ(changed, first);
}

TEST(Sampling, DrawsForSomeUsersWithTheirParameters) {
  for (const char* mesh : {"t3k:1x8:line", "tg"}) {
    const mesh::MeshDevice device = open(mesh);
    std::vector<SamplingParams> params(kUsers, {.top_k = 32, .top_p = 1, .temperature = 5});
    for (const int user : {9, 30}) params[static_cast<std::size_t>(user)] = SamplingParams{};
    SamplingConfig config = config_on(device, 1024);
    config.params = params;
    const mesh::HostTensor all = logits_of(1024);
    const mesh::HostTensor two{
        .shape = {1, 1, 2, 1024},
        .values = std::vector<float>(all.floats().begin(), all.floats().begin() + 2 * 1024)};
    const std::vector<std::uint32_t> best{order_of(all, 0).front(), order_of(all, 1).front()};
    const auto expect_best = [&](Sampling sampling) {
      const mesh::Tensor x = sampling.input(two, mesh::DataType::Float32);
      EXPECT_EQ(ids(sampling.forward(x, std::vector{30, 9})), best) << mesh;
      std::set<std::vector<std::uint32_t>> drawn;
      for (int i = 0; i < 8; ++i) drawn.insert(ids(sampling.forward(x, std::vector{0, 1})));
      EXPECT_GT(drawn.size(), 1U) << mesh;
    };
    if (device.shape().rows > 1) {
      expect_best(Sampling2D::from_config(config));
    } else {
      expect_best(Sampling1D::from_config(config));
    }
  }
}

TEST(Sampling, IsTheSameWithUsersOverColumns) {
  const mesh::MeshDevice device = open("galaxy");
  const SamplingParams hot{.top_k = 32, .top_p = 1, .temperature = 5, .seed = 77};
  const mesh::HostTensor logits = logits_of(1024);
  SamplingConfig config = config_on(device, 1024, hot);
  const auto whole = tokens_of(Sampling2D::from_config(config), logits);
  config.shards_users = true;
  EXPECT_EQ(tokens_of(Sampling2D::from_config(config), logits), whole);
}

TEST(Sampling, NeverDrawsPadding) {
  mesh::HostTensor logits = logits_of(1024);
  auto& values = std::get<std::vector<float>>(logits.values);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 1024 < 1001 ? 0.0F : 9.0F;
  SamplingConfig config =
      config_on(open("t3k:1x8:line"), 1001, {.top_k = 32, .top_p = 1, .temperature = 9});
  EXPECT_THAT(tokens_of(Sampling1D::from_config(config), logits), Each(testing::Lt(1001U)));
}

TEST(Sampling, ForcedArgmaxEqualsGreedy) {
  const mesh::MeshDevice device = open("t3k:1x8:line");
  const mesh::HostTensor logits = logits_of(1024, 4);
  SamplingConfig config = config_on(device, 1000);
  Sampling1D sampling = Sampling1D::from_config(config);
  const mesh::Tensor x = sampling.input(logits, mesh::DataType::Bfloat16);
  EXPECT_THAT([&] { (void)sampling.force_argmax(x); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("allow_force_argmax is False")));
  config.allow_force_argmax = true;
  const Sampling1D forced = Sampling1D::from_config(config);
  EXPECT_EQ(ids(forced.force_argmax(x)), ids(sampling.forward(x)));
}

TEST(Sampling, GathersCandidatesAndNeverWholeLogits) {
  mesh::MeshDevice device = open("t3k:1x8:ring", {.threads = 1, .timing_only = true});
  Sampling1D sampling(device, 128'256);
  sampling.load_device_buffers();
  const mesh::Tensor x = sampling.input(logits_of(128'256), mesh::DataType::Bfloat16);
  device.record_program();
  const std::size_t first = device.program().size();
  (void)sampling.forward(x);
  int gathers = 0;
  for (std::size_t i = first; i < device.program().size(); ++i) {
    const mesh::Command& command = *device.program()[i];
    if (command.op != "all_gather") continue;
    EXPECT_EQ(command.output_specs.front().shape, mesh::Shape({1, 1, kUsers, 8 * 32}));
    ++gathers;
  }
  EXPECT_EQ(gathers, 2);
}

TEST(Sampling, RefusesWhatItCannotDo) {
  const auto timing = [](const char* mesh) {
    return open(mesh, {.threads = 1, .timing_only = true});
  };
  EXPECT_THAT([&] { (void)Sampling1D(timing("tg"), 1024); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("Use Sampling2D instead.")));
  EXPECT_THAT([&] { (void)Sampling2D(timing("n300"), 1024); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("Use Sampling1D instead.")));
  SamplingConfig config = config_on(timing("n150"), 1024);
  config.padded_vocab = 512;
  EXPECT_THAT([&] { (void)Sampling1D::from_config(config); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("needs at most padded_vocab 512")));
  for (const SamplingParams& params :
       {SamplingParams{.top_k = 0}, SamplingParams{.top_k = 33}, SamplingParams{.top_p = 1.5},
        SamplingParams{.temperature = -1}}) {
    EXPECT_THROW((void)Sampling1D::from_config(config_on(timing("n150"), 1024, params)),
                 std::invalid_argument);
  }
  Sampling1D sampling(timing("n150"), 1024);
  const mesh::Tensor x = sampling.input(logits_of(1024), mesh::DataType::Bfloat16);
  EXPECT_THAT([&] { (void)sampling.forward(x, std::vector{32}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("user is 32, needs 0 to 31")));
  EXPECT_THAT(
      [&] {
        (void)sampling.forward(x, std::vector{0, 1});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("logits are of 32 users, needs 2")));
  EXPECT_THAT([&] { sampling.set_params(std::vector<SamplingParams>(3)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("parameters of 3 users, needs 32")));
}

}  // namespace
}  // namespace ttmesh::modules
