#include "modules/decoder/decoder_norm.hpp"

#include <optional>
#include <utility>

#include "ccl/all_gather.hpp"
#include "modules/config_defaults.hpp"
#include "modules/default_topology.hpp"

namespace ttmesh::modules {
namespace {

using mesh::Tensor;

RMSNorm1DConfig placed(RMSNorm1DConfig config, const DecoderNormMemory& memory) {
  config.decode_memory = memory.output;
  set_default(config.topology, default_topology(*config.device, std::nullopt));
  return config;
}

// A model of one head's width has distributed rows all the same.
RMSNorm2DConfig placed(RMSNorm2DConfig config, const DecoderNormMemory& memory) {
  config.geometry = NormGeometry::Distributed;
  config.decode_memory = memory.residual;
  config.decode_output_memory = memory.output;
  set_default(config.topology, default_topology(*config.device, 1));
  return config;
}

}  // namespace

DecoderNorm1D::DecoderNorm1D(RMSNorm1DConfig config, const DecoderNormMemory& memory)
    : norm_(RMSNorm1D::from_config(placed(std::move(config), memory))) {}

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

DecoderNorm2D::DecoderNorm2D(RMSNorm2DConfig config, const DecoderNormMemory& memory)
    : norm_(RMSNorm2D::from_config(placed(std::move(config), memory))) {}

}  // namespace ttmesh::modules
