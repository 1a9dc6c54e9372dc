#include "modules/norm/norm_1d_config.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <vector>

#include "mesh/tensor/mapper.hpp"
#include "mesh/topology/line.hpp"
#include "modules/config_defaults.hpp"
#include "modules/core_count.hpp"
#include "modules/norm/norm_weight.hpp"
#include "modules/weight_place.hpp"

namespace ttmesh::modules {
namespace {

// TTTv2 asks for a ring whatever the wiring, and cannot run on an open line.
ccl::Topology statistics_topology(const mesh::MeshDevice& device) {
  if (device.shape().size() < 3) return ccl::Topology::Linear;
  const mesh::ChipId first = mesh::chips_of(device.topology(), device.view()).front();
  const bool closed =
      mesh::line_through(device.topology(), device.view(), std::nullopt, first).closed;
  return closed ? ccl::Topology::Ring : ccl::Topology::Linear;
}

void require_strategy(const char* module, const Norm1DConfig& config) {
  const int chips = config.device->shape().size();
  if (*config.decode_out_sharded && !*config.decode_in_sharded) {
    throw std::invalid_argument(
        fmt::format("[{}] decode_out_sharded is set and decode_in_sharded is not, needs both or "
                    "only the latter",
                    module));
  }
  if (!*config.prefill_distributed) return;
  if (chips == 1) {
    throw std::invalid_argument(
        fmt::format("[{}] prefill_distributed is set on one chip, needs several", module));
  }
  require_tiles(module, *config.dim, chips);
}

}  // namespace

Norm1DConfig resolved(const char* module, const Norm1DConfig& config) {
  std::vector<LazyWeight> weights{config.weight};
  if (config.bias) weights.push_back(*config.bias);
  const mesh::MeshDevice device = device_of(module, config.device, weights);
  require_line(module, device.shape());
  const std::int64_t dim = norm_dim(module, config.weight);
  require_same(module, "dim", config.dim, dim);
  if (config.bias && norm_dim(module, *config.bias) != dim) {
    throw std::invalid_argument(fmt::format("[{}] the bias has {} values, needs {}, as the weight",
                                            module, norm_dim(module, *config.bias), dim));
  }
  const int chips = device.shape().size();
  const bool whole_tiles = dim % (mesh::kTileExtent * chips) == 0;
  const bool exact = config.weight.options().dtype == mesh::DataType::Float32;

  Norm1DConfig full = config;
  full.device = device;
  full.dim = dim;
  set_default(full.eps, 1e-5);
  set_default(full.add_unit_offset, false);
  set_default(full.max_batch_size, kMaxBatchSize);
  set_default(full.decode_in_sharded, true);
  set_default(full.decode_out_sharded, *full.decode_in_sharded);
  set_default(full.decode_memory, l1_columns(residual_core_count(dim / mesh::kTileExtent)));
  set_default(full.prefill_distributed, chips > 1 && whole_tiles);
  set_default(full.statistics_dtype, exact ? mesh::DataType::Float32 : mesh::DataType::Bfloat16);
  set_default(full.num_all_gather_links, 1);
  set_default(full.topology, statistics_topology(device));
  require_strategy(module, full);

  const auto kept = [&](const LazyWeight& weight, const mesh::Distribution& distribution) {
    return norm_weight(weight, {.module = module,
                                .name = "weight",
                                .device = device,
                                .distribution = distribution,
                                .add_one = *full.add_unit_offset});
  };
  const auto kept_bias = [&](const LazyWeight& bias, const mesh::Distribution& distribution) {
    return norm_weight(
        bias, {.module = module, .name = "bias", .device = device, .distribution = distribution});
  };
  const mesh::Distribution whole = mesh::replicate_tensor_to_mesh(device.shape());
  const mesh::Distribution cut = mesh::shard_tensor_to_mesh(device.shape(), 2);
  full.weight = kept(config.weight, whole);
  if (config.bias) full.bias = kept_bias(*config.bias, whole);
  if (*full.prefill_distributed) {
    set_default(full.distributed_weight, kept(config.weight, cut));
    if (config.bias) set_default(full.distributed_bias, kept_bias(*config.bias, cut));
  }
  return full;
}

}  // namespace ttmesh::modules
