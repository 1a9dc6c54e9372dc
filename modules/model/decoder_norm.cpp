#include "modules/model/decoder_norm.hpp"

#include <optional>

#include "ccl/all_gather.hpp"
#include "modules/default_topology.hpp"
#include "modules/lazy_weight.hpp"

namespace ttmesh::modules {
namespace {

using mesh::Tensor;

RMSNorm1DConfig line_config(const ModelConfig& config, const WeightSource& weight,
                            const DecoderNormMemory& memory) {
  RMSNorm1DConfig norm{.weight = LazyWeight(weight, {.dtype = config.precision.activation})};
  norm.device = config.device;
  norm.eps = config.spec->norm_epsilon;
  norm.max_batch_size = config.max_batch_size;
  norm.decode_memory = memory.output;
  norm.topology = default_topology(config.device, std::nullopt);
  return norm;
}

// A model of one head's width has distributed rows all the same.
RMSNorm2DConfig grid_config(const ModelConfig& config, const WeightSource& weight,
                            const DecoderNormMemory& memory) {
  RMSNorm2DConfig norm{.weight = LazyWeight(weight, {.dtype = config.precision.activation})};
  norm.device = config.device;
  norm.eps = config.spec->norm_epsilon;
  norm.max_batch_size = config.max_batch_size;
  norm.geometry = NormGeometry::Distributed;
  norm.decode_memory = memory.residual;
  norm.decode_output_memory = memory.output;
  norm.topology = default_topology(config.device, 1);
  return norm;
}

}  // namespace

DecoderNorm1D::DecoderNorm1D(const ModelConfig& config, const WeightSource& weight,
                             const DecoderNormMemory& memory)
    : norm_(RMSNorm1D::from_config(line_config(config, weight, memory))) {}

Tensor DecoderNorm1D::forward(const Tensor& x, Mode mode) const {
  if (mode == Mode::Decode) {
    return norm_.decode_forward(whole_rows(x, *norm_.config().decode_memory));
  }
  return whole_rows(norm_.prefill_forward(x), mesh::kDramInterleaved);
}

Tensor DecoderNorm1D::whole_rows(const Tensor& x, const mesh::MemoryConfig& memory) const {
  const mesh::MeshDevice& device = *norm_.config().device;
  if (device.shape().size() == 1) return x;
  return ccl::all_gather(
      x, {.dim = 3, .topology = default_topology(device, std::nullopt), .memory = memory});
}

DecoderNorm2D::DecoderNorm2D(const ModelConfig& config, const WeightSource& weight,
                             const DecoderNormMemory& memory)
    : norm_(RMSNorm2D::from_config(grid_config(config, weight, memory))) {}

}  // namespace ttmesh::modules
