#include "modules/norm/norm_2d_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "mesh/tensor/mapper.hpp"
#include "modules/config_defaults.hpp"
#include "modules/norm/norm_weight.hpp"
#include "modules/weight_place.hpp"

namespace ttmesh::modules {
namespace {

// Source: TTTv2's RMSNorm2D.
constexpr std::int64_t kHeadDim = 128;
constexpr std::int64_t kTilesPerCore = 4;

mesh::MemoryConfig norm_cores(std::int64_t tiles) {
  return l1_columns(
      static_cast<int>(tiles % kTilesPerCore == 0 ? tiles / kTilesPerCore : std::int64_t{1}));
}

}  // namespace

Norm2DConfig resolved(const char* module, const Norm2DConfig& config) {
  std::vector<LazyWeight> weights{config.weight};
  if (config.bias) weights.push_back(*config.bias);
  const mesh::MeshDevice device = device_of(module, config.device, weights);
  const mesh::MeshShape shape = device.shape();
  require_grid(module, shape);
  const std::int64_t dim = norm_dim(module, config.weight);
  require_same(module, "dim", config.dim, dim);
  if (config.bias && norm_dim(module, *config.bias) != dim) {
    throw std::invalid_argument(fmt::format("[{}] the bias has {} values, needs {}, as the weight",
                                            module, norm_dim(module, *config.bias), dim));
  }
  const bool exact = config.weight.options().dtype == mesh::DataType::Float32;

  Norm2DConfig full = config;
  full.device = device;
  full.dim = dim;
  set_default(full.eps, 1e-5);
  set_default(full.add_unit_offset, false);
  set_default(full.max_batch_size, kMaxBatchSize);
  set_default(full.geometry, dim == kHeadDim ? NormGeometry::HeadLocal : NormGeometry::Distributed);
  set_default(full.decode_residual, NormResidual::Added);
  const bool distributed = *full.geometry == NormGeometry::Distributed;
  if (distributed) require_tiles(module, dim, shape.cols);
  if (!distributed && *full.decode_residual == NormResidual::Fused) {
    throw std::invalid_argument(
        fmt::format("[{}] FUSED_DECODE is only valid for distributed norms, found head-local of {} "
                    "values, needs NormGeometry::Distributed or NormResidual::Added",
                    module, dim));
  }
  const std::int64_t tiles = dim / mesh::kTileExtent / (distributed ? shape.cols : 1);
  set_default(full.decode_memory, distributed ? norm_cores(tiles) : mesh::kL1Interleaved);
  set_default(full.decode_output_memory, *full.decode_memory);
  set_default(full.statistics_dtype, exact ? mesh::DataType::Float32 : mesh::DataType::Bfloat16);
  set_default(full.num_all_gather_links, 1);
  set_default(full.topology, ccl::Topology::Linear);

  NormWeightPlace place{.module = module,
                        .name = "weight",
                        .device = device,
                        .distribution = distributed
                                            ? mesh::shard_tensor_2d_mesh(shape, {std::nullopt, 2})
                                            : mesh::replicate_tensor_to_mesh(shape),
                        .add_one = *full.add_unit_offset};
  full.weight = norm_weight(config.weight, place);
  place.name = "bias";
  place.add_one = false;
  if (config.bias) full.bias = norm_weight(*config.bias, place);
  return full;
}

}  // namespace ttmesh::modules
