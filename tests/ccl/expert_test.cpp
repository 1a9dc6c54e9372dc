#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "ccl/all_to_all_combine.hpp"
#include "ccl/all_to_all_dispatch.hpp"
#include "ccl/expert_routing.hpp"
#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "tests/ccl/mesh_fixture.hpp"

// The exchange of tokens in a mixture of experts, against a table made here.
namespace ttmesh::ccl {
namespace {

using mesh::DataType;
using mesh::HostTensor;
using mesh::Layout;
using mesh::MeshDevice;
using mesh::Shape;
using mesh::Tensor;
using testing::HasSubstr;

constexpr int kBatch = 3;  // Tokens a chip.
constexpr int kWidth = 64;
constexpr int kSelected = 2;

/// A mixture of experts on a mesh: which token goes where.
struct Place {
  const char* name;
  const char* topology;
  std::optional<int> cluster_axis;
  Topology used;
  std::vector<std::string> settings{};
};

class Experts : public testing::TestWithParam<Place> {
 protected:
  Experts() : device_(test::open_mesh(GetParam().topology, false, GetParam().settings)) {
    const auto [rows, cols] = device_.shape();
    devices_ = rows * cols;
    const auto axis = GetParam().cluster_axis;
    group_ = !axis ? devices_ : *axis == 0 ? rows : cols;
    experts_ = 2 * devices_;
    tokens_ = group_ * kBatch;
    std::mt19937 random(5);
    place_of_expert_.resize(static_cast<std::size_t>(experts_));
    std::iota(place_of_expert_.begin(), place_of_expert_.end(), 0);
    std::shuffle(place_of_expert_.begin(), place_of_expert_.end(), random);
    for (int token = 0; token < tokens_; ++token) {
      const int first = static_cast<int>(random() % static_cast<unsigned>(experts_));
      selected_.push_back(static_cast<std::uint16_t>(first));
      selected_.push_back(static_cast<std::uint16_t>((first + 3) % experts_));
    }
  }
  ~Experts() override { device_.close(); }

  int device_of(int expert) const {
    return place_of_expert_[static_cast<std::size_t>(expert)] % devices_;
  }
  /// Devices that exchange with `device`, in order.
  std::vector<int> group_of(int device) const {
    const auto axis = GetParam().cluster_axis;
    if (!axis) {
      std::vector<int> all(static_cast<std::size_t>(devices_));
      std::iota(all.begin(), all.end(), 0);
      return all;
    }
    return test::line_of(device_.shape(), *axis, device);
  }

  Tensor write(const Shape& global, HostTensor::Values values, DataType dtype,
               const mesh::Distribution& distribution) const {
    return mesh::from_host(
        device_, {.shape = global, .values = std::move(values)},
        {.dtype = dtype, .layout = Layout::RowMajor, .memory = {}, .distribution = distribution});
  }
  /// Dim 0 cut along the exchanging axes.
  mesh::Distribution cut() const {
    const auto axis = GetParam().cluster_axis;
    return mesh::shard_tensor_2d_mesh(device_.shape(),
                                      {!axis || *axis == 0 ? std::optional(0) : std::nullopt,
                                       !axis || *axis == 1 ? std::optional(0) : std::nullopt});
  }
  Tensor tokens() const {
    std::vector<float> values;
    for (int i = 0; i < tokens_ * kWidth; ++i) values.push_back(static_cast<float>(i % 251 + 1));
    return write({tokens_, 1, 1, kWidth}, values, DataType::Bfloat16, cut());
  }
  Tensor indices() const {
    return write({tokens_, 1, 1, kSelected}, selected_, DataType::UInt16, cut());
  }
  Tensor mapping() const {
    std::vector<std::uint16_t> values(static_cast<std::size_t>(experts_ * devices_));
    for (int expert = 0; expert < experts_; ++expert) {
      values[static_cast<std::size_t>(expert * devices_ + device_of(expert))] = 1;
    }
    return write({1, 1, experts_, devices_}, values, DataType::UInt16,
                 mesh::replicate_tensor_to_mesh(device_.shape()));
  }
  static float token_value(int token, int column) {
    return static_cast<float>((token * kWidth + column) % 251 + 1);
  }
  /// What an expert makes of a token.
  static float expert_value(int expert, int token, int column) {
    return static_cast<float>((expert * 7 + token * 3 + column) % 127);
  }
  /// Each device's experts' outputs for every token, in order of the experts' numbers.
  Tensor expert_outputs() const {
    std::vector<float> values;
    for (int device = 0; device < devices_; ++device) {
      for (int expert = 0; expert < experts_; ++expert) {
        if (device_of(expert) != device) continue;
        for (int token = 0; token < tokens_; ++token) {
          for (int column = 0; column < kWidth; ++column) {
            values.push_back(expert_value(expert, token, column));
          }
        }
      }
    }
    return write({experts_, tokens_, 1, kWidth}, values, DataType::Bfloat16,
                 mesh::shard_tensor_2d_mesh(device_.shape(), {0, 0}));
  }
  int selected(int token, int k) const {
    return selected_[static_cast<std::size_t>(token * kSelected + k)];
  }

  MeshDevice device_;
  int devices_ = 0;
  int group_ = 0;
  int experts_ = 0;
  int tokens_ = 0;
  std::vector<int> place_of_expert_;
  std::vector<std::uint16_t> selected_;
};

TEST_P(Experts, GetTheTokensThatSelectedThemAndNoOthers) {
  const auto [dispatched, metadata] =
      all_to_all_dispatch(tokens(), indices(), mapping(),
                          {.cluster_axis = GetParam().cluster_axis, .topology = GetParam().used});
  EXPECT_EQ(dispatched.shape(), (Shape{1, tokens_, 1, kWidth}));
  const std::vector<HostTensor> shards = mesh::shards_to_host(dispatched);
  for (int device = 0; device < devices_; ++device) {
    for (int token = 0; token < tokens_; ++token) {
      bool wanted = false;
      for (int k = 0; k < kSelected; ++k) wanted |= device_of(selected(token, k)) == device;
      for (int column = 0; column < kWidth; column += 13) {
        EXPECT_EQ(shards[static_cast<std::size_t>(device)]
                      .floats()[static_cast<std::size_t>(token * kWidth + column)],
                  wanted ? token_value(token, column) : 0.0F)
            << "device " << device << ", token " << token;
      }
    }
  }
  for (const HostTensor& shard : mesh::shards_to_host(metadata)) {
    EXPECT_EQ(std::get<std::vector<std::uint16_t>>(shard.values), selected_);
  }
}

TEST_P(Experts, SendTheirOutputsBackToTheTokensChips) {
  const auto [dispatched, metadata] =
      all_to_all_dispatch(tokens(), indices(), mapping(),
                          {.cluster_axis = GetParam().cluster_axis, .topology = GetParam().used});
  const Tensor combined =
      all_to_all_combine(expert_outputs(), metadata, mapping(),
                         {.cluster_axis = GetParam().cluster_axis, .topology = GetParam().used});
  EXPECT_EQ(combined.shape(), (Shape{kSelected, kBatch, 1, kWidth}));
  const std::vector<HostTensor> shards = mesh::shards_to_host(combined);
  for (int device = 0; device < devices_; ++device) {
    const std::vector<int> group = group_of(device);
    const auto index = std::find(group.begin(), group.end(), device) - group.begin();
    for (int k = 0; k < kSelected; ++k) {
      for (int own = 0; own < kBatch; ++own) {
        const int token = static_cast<int>(index) * kBatch + own;
        const int expert = selected(token, k);
        const bool here = std::find(group.begin(), group.end(), device_of(expert)) != group.end();
        for (int column = 0; column < kWidth; column += 13) {
          const int at = (k * kBatch + own) * kWidth + column;
          EXPECT_EQ(shards[static_cast<std::size_t>(device)].floats()[static_cast<std::size_t>(at)],
                    here ? expert_value(expert, token, column) : 0.0F)
              << "device " << device << ", token " << token << ", k " << k;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Meshes, Experts,
    testing::Values(
        Place{"Line", "t3k:1x8:line", std::nullopt, Topology::Linear},
        Place{"Ring", "t3k:1x8:ring", 1, Topology::Ring},
        Place{"Columns", "galaxy:4x2:line", 0, Topology::Linear},
        Place{"Rows", "galaxy:2x4:ring", 1, Topology::Ring},
        Place{"Mesh", "galaxy:2x4:line", std::nullopt, Topology::Linear},
        Place{"OneChip", "n150", std::nullopt, Topology::Linear},
        Place{"RowsWithAGap", "galaxy:2x4:line", 1, Topology::Linear, {"link(1-2).down=true"}}),
    [](const auto& each) { return std::string(each.param.name); });

/// Virtual time of a dispatch of 64 tokens a chip, all of which select experts `a` and `b`.
sim::Time dispatch_time(bool timing_only, int a, int b) {
  MeshDevice device = test::open_mesh("t3k:1x8:ring", timing_only);
  const auto write = [&](const Shape& shape, HostTensor::Values values, DataType dtype,
                         const mesh::Distribution& distribution) {
    return mesh::from_host(
        device, {.shape = shape, .values = timing_only ? HostTensor::Values() : std::move(values)},
        {.dtype = dtype, .layout = Layout::RowMajor, .memory = {}, .distribution = distribution});
  };
  const mesh::Distribution cut = mesh::shard_tensor_to_mesh(device.shape(), 0);
  std::vector<std::uint16_t> selected;
  for (int token = 0; token < 512; ++token) {
    selected.push_back(static_cast<std::uint16_t>((token + a) % 8));
    selected.push_back(static_cast<std::uint16_t>(b < 0 ? (token + a + 1) % 8 : b));
  }
  std::vector<std::uint16_t> identity(64);
  for (std::size_t i = 0; i < 8; ++i) identity[9 * i] = 1;
  const Tensor tokens =
      write({512, 1, 1, 4096}, std::vector<float>(512 * 4096, 1.0F), DataType::Bfloat16, cut);
  const Tensor indices = write({512, 1, 1, 2}, selected, DataType::UInt16, cut);
  const Tensor mapping = write({1, 1, 8, 8}, identity, DataType::UInt16,
                               mesh::replicate_tensor_to_mesh(device.shape()));
  device.start_recording();
  (void)all_to_all_dispatch(tokens, indices, mapping, {.topology = Topology::Ring});
  const sim::Time time = device.report().ops.back().time;
  device.close();
  return time;
}

TEST(Dispatch, TakesLongerWhereEveryTokenWantsTheSameChip) {
  EXPECT_GT(dispatch_time(false, 0, 3), dispatch_time(false, 0, -1));
}

TEST(Dispatch, WithoutValuesTakesAsLongAsBalancedRouting) {
  EXPECT_EQ(dispatch_time(true, 0, -1), dispatch_time(false, 0, -1));
}

TEST(ExpertRouting, RefusesAMappingWithoutOneDeviceForEachExpert) {
  const auto block = [](const Shape& shape, std::vector<std::uint16_t> values) {
    auto buffer = std::make_shared<mesh::Buffer>(2 * values.size());
    std::copy(values.begin(), values.end(), mesh::values<std::uint16_t>(*buffer).begin());
    return mesh::Block(shape, mesh::HeldType::UInt16, std::move(buffer));
  };
  const mesh::Block selected = block({1, 1, 1, 1}, {0});
  EXPECT_THAT(
      [&] {
        ExpertRouting(selected, block({1, 1, 1, 2}, {1, 1}));
      },
      testing::ThrowsMessage<std::invalid_argument>(HasSubstr("row of expert 0")));
  EXPECT_THAT(
      [&] {
        ExpertRouting(block({1, 1, 1, 1}, {4}), block({1, 1, 1, 2}, {1, 0}));
      },
      testing::ThrowsMessage<std::invalid_argument>(
          HasSubstr("selects expert 4, experts are 0 to 0")));
}

TEST(Dispatch, RefusesTensorsThatDoNotFit) {
  MeshDevice device = test::open_mesh("t3k:1x4:line", true);
  const auto tensor = [&](const Shape& shape, DataType dtype, Layout layout) {
    return mesh::from_host(device, {.shape = shape, .values = {}},
                           {.dtype = dtype, .layout = layout, .memory = {}, .distribution = {}});
  };
  const Tensor tokens = tensor({4, 1, 1, 64}, DataType::Bfloat16, Layout::RowMajor);
  const Tensor indices = tensor({4, 1, 1, 2}, DataType::UInt16, Layout::RowMajor);
  const Tensor mapping = tensor({1, 1, 8, 4}, DataType::UInt16, Layout::RowMajor);
  const auto refusal = [](const Tensor& a, const Tensor& b, const Tensor& c) -> std::string {
    try {
      (void)all_to_all_dispatch(a, b, c, {});
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  };
  const Tensor tiled = tensor({4, 1, 1, 64}, DataType::Bfloat16, Layout::Tile);
  EXPECT_THAT(refusal(tiled, indices, mapping), HasSubstr("row-major layout is needed"));
  EXPECT_THAT(refusal(tokens, tokens, mapping), HasSubstr("integers are needed"));
  EXPECT_THAT(refusal(tokens, indices, tensor({1, 1, 8, 3}, DataType::UInt16, Layout::RowMajor)),
              HasSubstr("the mapping has 3 columns, one for each of 4 chips"));
  EXPECT_THAT(
      refusal(tensor({5, 1, 1, 64}, DataType::Bfloat16, Layout::RowMajor), indices, mapping),
      HasSubstr("[B, S, 1, H] and [B, S, 1, K] are needed"));
  device.close();
}

}  // namespace
}  // namespace ttmesh::ccl
