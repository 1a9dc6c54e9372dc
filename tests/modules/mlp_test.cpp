#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "mesh/program/command.hpp"
#include "mesh/tensor/mapper.hpp"
#include "mesh/topology/error.hpp"
#include "modules/mlp/mlp_1d.hpp"
#include "modules/mlp/mlp_2d.hpp"
#include "modules/open.hpp"
#include "ops/random_normal.hpp"
#include "ops/to_memory_config.hpp"

namespace ttmesh::modules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

LazyWeight weight(std::int64_t rows, std::int64_t cols,
                  mesh::DataType dtype = mesh::DataType::Bfp8B) {
  return LazyWeight(RandomNormal{.key = {.seed = 1}, .scale = 0.1, .shape = {rows, cols}},
                    {.dtype = dtype});
}

template <typename Config>
Config config_on(const mesh::MeshDevice& device, std::int64_t dim, std::int64_t hidden) {
  Config config{.w1 = weight(dim, hidden), .w2 = weight(hidden, dim), .w3 = weight(dim, hidden)};
  config.device = device;
  return config;
}

MLP1D mlp_1d(const mesh::MeshDevice& device, std::int64_t dim = 512, std::int64_t hidden = 1024) {
  return MLP1D::from_config(config_on<MLP1DConfig>(device, dim, hidden));
}

MLP2D mlp_2d(const mesh::MeshDevice& device, std::int64_t dim = 2048, std::int64_t hidden = 2048) {
  return MLP2D::from_config(config_on<MLP2DConfig>(device, dim, hidden));
}

LazyWeight rows(std::int64_t count, std::int64_t dim) {
  return LazyWeight(RandomNormal{.key = {.seed = 2}, .shape = {1, 1, count, dim}});
}

mesh::MeshDevice timing(const char* topology) {
  return open(topology, {.threads = 1, .timing_only = true});
}

/// One line a command of a forward call: the op and what its collectives do.
template <typename Module>
std::vector<std::string> program_of(Module module, std::int64_t count, Mode mode) {
  mesh::MeshDevice device = *module.config().device;
  const mesh::Tensor x = module.input(rows(count, *module.config().dim), mode);
  module.load_device_weights();
  device.record_program();
  (void)module.forward(x, mode);
  std::vector<std::string> lines;
  for (const mesh::CommandPtr& command : device.program()) {
    std::string line = command->op;
    if (command->attributes.has("cluster_axis")) {
      line += " axis " + std::to_string(command->attributes.integer("cluster_axis")) + " dim " +
              std::to_string(command->attributes.integer("dim")) + " links " +
              std::to_string(command->attributes.integer("num_links")) + " " +
              command->attributes.text("algorithm");
    }
    if (command->op == "linear" || command->op == "mul") {
      line += " " + std::string(mesh::name(command->output_specs.front().dtype));
    }
    EXPECT_THAT(command->issuer,
                HasSubstr(mode == Mode::Decode ? ".decode_forward" : ".prefill_forward"));
    lines.push_back(std::move(line));
  }
  return lines;
}

TEST(MLP1D, DecodesOnARingInTheLibrarysOrder) {
  EXPECT_THAT(program_of(mlp_1d(timing("t3k:1x8:ring")), 32, Mode::Decode),
              ElementsAre("linear bf16", "linear bf16", "mul bfp8_b", "linear bf16",
                          "reduce_scatter axis 1 dim 3 links 1 direct", "to_memory_config"));
}

TEST(MLP1D, PrefillsOnALineInTheLibrarysOrder) {
  EXPECT_THAT(program_of(mlp_1d(timing("t3k:1x8:line")), 128, Mode::Prefill),
              ElementsAre("linear bf16", "linear bf16", "mul bfp8_b", "linear bf16",
                          "reduce_scatter axis 1 dim 3 links 1 line"));
}

TEST(MLP1D, FoldsLongPrompts) {
  EXPECT_THAT(program_of(mlp_1d(timing("n300")), 2048, Mode::Prefill),
              ElementsAre("reshape", "linear bf16", "linear bf16", "mul bfp8_b", "linear bf16",
                          "reduce_scatter axis 1 dim 3 links 1 line", "reshape"));
}

TEST(MLP1D, NeedsNoCollectiveOnOneChip) {
  EXPECT_THAT(program_of(mlp_1d(timing("n150")), 32, Mode::Decode),
              ElementsAre("linear bf16", "linear bf16", "mul bfp8_b", "linear bf16"));
}

TEST(MLP2D, DecodesInTheLibrarysOrder) {
  EXPECT_THAT(
      program_of(mlp_2d(timing("tg")), 32, Mode::Decode),
      ElementsAre("linear bfp8_b", "linear bfp8_b", "reduce_scatter axis 1 dim 3 links 1 line",
                  "reduce_scatter axis 1 dim 3 links 1 line", "mul bfp8_b",
                  "all_gather axis 1 dim 3 links 2 line", "to_memory_config", "linear bfp8_b",
                  "reduce_scatter axis 0 dim 3 links 1 line",
                  "all_gather axis 0 dim 3 links 2 line", "to_memory_config"));
}

TEST(MLP2D, PrefillsInTheLibrarysOrder) {
  EXPECT_THAT(program_of(mlp_2d(timing("galaxy")), 2048, Mode::Prefill),
              ElementsAre("reshape", "linear bfp8_b", "linear bfp8_b",
                          "reduce_scatter axis 1 dim 3 links 1 line",
                          "reduce_scatter axis 1 dim 3 links 1 line", "mul bfp8_b",
                          "all_gather axis 1 dim 3 links 2 line", "linear bfp8_b",
                          "reduce_scatter axis 0 dim 3 links 1 line",
                          "all_gather axis 0 dim 3 links 2 line", "reshape"));
}

TEST(MLP2D, ReducesWholeTermsWhereTheyDoNotCutIntoTiles) {
  const auto program = program_of(mlp_2d(timing("tg"), 256, 1024), 32, Mode::Decode);
  EXPECT_THAT(program, testing::Contains("fast_reduce_nc"));
}

TEST(MLP2D, WithFloat32WeightsKeepsEverythingInFloat32) {
  const mesh::MeshDevice device = timing("tg");
  MLP2DConfig config{.w1 = weight(2048, 2048, mesh::DataType::Float32),
                     .w2 = weight(2048, 2048, mesh::DataType::Float32),
                     .w3 = weight(2048, 2048, mesh::DataType::Float32)};
  config.device = device;
  MLP2D module = MLP2D::from_config(config);
  LazyWeight input(RandomNormal{.shape = {1, 1, 32, 2048}}, {.dtype = mesh::DataType::Float32});
  const mesh::Tensor x = module.input(input, Mode::Decode);
  mesh::MeshDevice recorded = device;
  module.load_device_weights();
  recorded.record_program();
  (void)module.decode_forward(x);
  for (const mesh::CommandPtr& command : recorded.program()) {
    EXPECT_EQ(command->output_specs.front().dtype, mesh::DataType::Float32) << command->op;
  }
}

TEST(MLP1D, LeavesItsOutputInSlices) {
  MLP1D module = mlp_1d(timing("t3k:1x8:ring"));
  const mesh::Tensor y = module.forward(rows(32, 512), Mode::Decode);
  EXPECT_EQ(y.shape(), mesh::Shape({1, 1, 32, 64}));
  EXPECT_EQ(y.distribution().along(1), mesh::shard(3));
  EXPECT_EQ(y.memory(), *module.config().decode_residual_memory);
}

TEST(MLP1D, RunsOnAColumnToo) {
  MLP1D module = mlp_1d(timing("tg").submesh({4, 1}));
  const mesh::Tensor y = module.forward(rows(32, 512), Mode::Decode);
  EXPECT_EQ(y.distribution().along(0), mesh::shard(3));
}

TEST(MLP2D, LeavesItsOutputAsItsInput) {
  MLP2D module = mlp_2d(timing("galaxy"));
  const mesh::Tensor x = module.input(rows(128, 2048), Mode::Prefill);
  const mesh::TensorSpec& spec = x.spec();
  const mesh::Tensor y = module.forward(x, Mode::Prefill);
  EXPECT_EQ(y.shape(), spec.shape);
  EXPECT_EQ(y.distribution(), spec.distribution);
}

TEST(MLP1D, FreesItsInputAndEverythingButItsOutput) {
  const mesh::MeshDevice device = timing("t3k:1x8:ring");
  MLP1D module = mlp_1d(device);
  module.load_device_weights();
  const auto used = [&](mesh::BufferType buffer) { return device.memory_used(0, buffer); };
  const std::int64_t dram = used(mesh::BufferType::Dram);
  const std::int64_t l1 = used(mesh::BufferType::L1);
  const mesh::Tensor x = module.input(rows(32, 512), Mode::Decode);
  const mesh::Tensor y = module.decode_forward(x);
  EXPECT_FALSE(x.is_allocated());
  EXPECT_EQ(used(mesh::BufferType::L1) - l1, mesh::chip_bytes(y.spec()));
  const mesh::Tensor prompt = module.input(rows(2048, 512), Mode::Prefill);
  const mesh::Tensor answer = module.prefill_forward(prompt);
  EXPECT_FALSE(prompt.is_allocated());
  EXPECT_EQ(used(mesh::BufferType::Dram) - dram, mesh::chip_bytes(answer.spec()));
}

TEST(MLP1D, LoadsItsWeightsAtTheFirstForward) {
  const mesh::MeshDevice device = timing("n150");
  MLP1D module = mlp_1d(device);
  EXPECT_FALSE(module.config().w1.is_loaded());
  EXPECT_EQ(device.memory_used(0, mesh::BufferType::Dram), 0);
  (void)module.forward(rows(32, 512), Mode::Decode);
  EXPECT_TRUE(module.config().w1.is_loaded());
  EXPECT_TRUE(module.config().w2.is_loaded());
  EXPECT_TRUE(module.config().w3->is_loaded());
}

TEST(MLP1D, IsMadeFromWeightsAlone) {
  const mesh::MeshDevice device = timing("t3k:1x8:ring");
  const LazyWeight w1 = weight(512, 1024).with_defaults({.device = device});
  const MLP1D module(w1, weight(1024, 512), weight(512, 1024));
  EXPECT_EQ(*module.config().topology, ccl::Topology::Ring);
  EXPECT_EQ(*module.config().prefill_len_cutoff, 1024);
  EXPECT_EQ(*module.config().num_reduce_scatter_links, 1);
  EXPECT_EQ(*module.config().max_batch_size, 32);
  EXPECT_EQ(*module.config().activation, ops::Activation::Silu);
  EXPECT_EQ(module.config().w3->options().memory->layout, mesh::MemoryLayout::WidthSharded);
}

TEST(MLP1D, IsARingOnlyWhereTheLibraryAsksForOne) {
  EXPECT_EQ(*mlp_1d(timing("t3k:1x8:line")).config().topology, ccl::Topology::Linear);
  EXPECT_EQ(*mlp_1d(timing("galaxy:1x8:ring")).config().topology, ccl::Topology::Linear);
  EXPECT_EQ(*mlp_1d(timing("p150_x4:1x4:ring")).config().topology, ccl::Topology::Ring);
  EXPECT_EQ(*mlp_1d(timing("p150_x4:1x4:ring")).config().prefill_len_cutoff, 512);
}

TEST(MLP1D, PadsHiddenToWholeTilesOfAllChips) {
  const MLP1D module = mlp_1d(timing("t3k:1x8:ring"), 512, 1000);
  EXPECT_EQ(module.config().w1.padded_shape(), mesh::Shape({512, 1024}));
  EXPECT_EQ(module.config().w2.padded_shape(), mesh::Shape({1024, 512}));
  EXPECT_EQ(*module.config().hidden_dim, 1000);
}

TEST(MLP1D, RefusesAGrid) {
  EXPECT_THAT([] { (void)mlp_1d(timing("tg")); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("Use MLP2D instead.")));
}

TEST(MLP2D, RefusesALine) {
  for (const char* mesh : {"n150", "n300", "t3k:1x8:ring"}) {
    EXPECT_THAT([&] { (void)mlp_2d(timing(mesh)); },
                ThrowsMessage<std::invalid_argument>(
                    AllOf(HasSubstr("MLP2D requires 2D mesh (both cluster_shape dimensions > 1)"),
                          HasSubstr("Use MLP1D instead."))));
  }
}

TEST(MLP1D, RefusesADimThatLeavesPartsOfTiles) {
  EXPECT_THAT(
      [] { (void)mlp_1d(timing("t3k:1x8:ring"), 544, 1024); },
      ThrowsMessage<std::invalid_argument>(HasSubstr("dim is 544, needs a multiple of 256")));
  EXPECT_THAT(
      [] { (void)mlp_2d(timing("tg"), 544, 1024); },
      ThrowsMessage<std::invalid_argument>(HasSubstr("dim is 544, needs a multiple of 256")));
}

TEST(MLP1D, RefusesWeightsThatDoNotFit) {
  const mesh::MeshDevice device = timing("n150");
  MLP1DConfig config = config_on<MLP1DConfig>(device, 512, 1024);
  config.w2 = weight(512, 1024);
  EXPECT_THAT([&] { (void)MLP1D::from_config(config); },
              ThrowsMessage<std::invalid_argument>(
                  HasSubstr("w2 has shape [512, 1024], needs [1024, 512]")));
  config = config_on<MLP1DConfig>(device, 512, 1024);
  config.dim = 256;
  EXPECT_THAT([&] { (void)MLP1D::from_config(config); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("dim is 256 in the config")));
}

TEST(MLP1D, RefusesWeightsThatLieElsewhere) {
  const mesh::MeshDevice device = timing("t3k:1x8:ring");
  MLP1DConfig config = config_on<MLP1DConfig>(device, 512, 1024);
  config.w1 =
      config.w1.with_defaults({.distribution = mesh::replicate_tensor_to_mesh(device.shape())});
  EXPECT_THAT([&] { (void)MLP1D::from_config(config); },
              ThrowsMessage<std::invalid_argument>(
                  HasSubstr("w1 is distributed [Replicate, Replicate], needs "
                            "[Replicate, Shard(1)]")));
  config = config_on<MLP1DConfig>(device, 512, 1024);
  config.w3 = config.w3->with_defaults({.device = timing("n150")});
  EXPECT_THAT([&] { (void)MLP1D::from_config(config); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("different mesh devices")));
}

TEST(MLP1D, RefusesAMissingDevice) {
  EXPECT_THAT([] { (void)MLP1D(weight(512, 1024), weight(1024, 512), weight(512, 1024)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("no mesh device")));
}

TEST(MLP1D, RefusesAnInputInAnotherMemory) {
  MLP1D module = mlp_1d(timing("n150"));
  const mesh::Tensor x = module.input(rows(32, 512), Mode::Prefill);
  EXPECT_THAT([&] { (void)module.decode_forward(x); },
              ThrowsMessage<std::invalid_argument>(
                  HasSubstr("Input tensor memory config does not match the config!")));
  EXPECT_TRUE(x.is_allocated());
  EXPECT_FALSE(module.config().w1.is_loaded());
}

TEST(MLP2D, RefusesAnInputThatIsPlacedOtherwise) {
  const mesh::MeshDevice device = timing("tg");
  MLP2D module = mlp_2d(device);
  const mesh::TensorSpec spec{.shape = {1, 1, 32, 2048},
                              .memory = mesh::kDramInterleaved,
                              .distribution = mesh::replicate_tensor_to_mesh(device.shape())};
  const mesh::Tensor x = ops::random_normal(device, spec, {});
  EXPECT_THAT([&] { (void)module.prefill_forward(x); },
              ThrowsMessage<std::invalid_argument>(
                  AllOf(HasSubstr("the input is placed [Replicate, Replicate], needs "
                                  "[Replicate, Shard(3)]"),
                        HasSubstr("mesh_partition with dim 3 and cluster_axis 1 first"))));
}

TEST(MLP1D, RefusesTheSlicesOfAnotherMlp) {
  MLP1D module = mlp_1d(timing("t3k:1x8:ring"));
  const mesh::Tensor y = module.forward(rows(128, 512), Mode::Prefill);
  EXPECT_THAT([&] { (void)module.prefill_forward(y); },
              ThrowsMessage<std::invalid_argument>(
                  HasSubstr("all_gather with dim 3 and cluster_axis 1 first")));
}

TEST(MLP1D, RefusesOtherWidthsAndRows) {
  MLP1D module = mlp_1d(timing("n150"));
  const auto refused = [&](const LazyWeight& x, Mode mode, const char* text) {
    EXPECT_THAT([&] { (void)module.forward(x, mode); },
                ThrowsMessage<std::invalid_argument>(HasSubstr(text)));
  };
  refused(rows(32, 256), Mode::Decode, "needs [1, 1, rows, 512]");
  refused(rows(64, 512), Mode::Decode, "has 64 rows, needs at most 32");
  refused(rows(100, 512), Mode::Prefill, "sequence length is 100, needs a multiple of 32");
  refused(rows(1536, 512), Mode::Prefill, "multiple of prefill_len_cutoff 1024");
}

TEST(MLP1D, RefusesAnInputOfAnotherDevice) {
  MLP1D module = mlp_1d(timing("n150"));
  MLP1D other = mlp_1d(timing("n150"));
  const mesh::Tensor x = other.input(rows(32, 512), Mode::Decode);
  EXPECT_THAT([&] { (void)module.decode_forward(x); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("another mesh device")));
}

TEST(MLP1D, RefusesADeallocatedInput) {
  MLP1D module = mlp_1d(timing("n150"));
  const mesh::Tensor x = module.input(rows(32, 512), Mode::Decode);
  (void)module.decode_forward(x);
  EXPECT_THAT([&] { (void)module.decode_forward(x); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("deallocated")));
}

TEST(MLP1D, ReportsWeightsThatAreTooLarge) {
  MLP1D module = mlp_1d(timing("n150"), 65536, 262144);
  EXPECT_THAT([&] { module.load_device_weights(); },
              ThrowsMessage<mesh::Error>(HasSubstr("random_normal")));
}

}  // namespace
}  // namespace ttmesh::modules
