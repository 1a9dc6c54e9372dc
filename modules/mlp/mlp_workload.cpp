#include "modules/mlp/mlp_workload.hpp"

#include <cmath>
#include <utility>

namespace ttmesh::modules {
namespace {

/// Streams of the seed, one for each random tensor.
enum class Stream : std::uint64_t { Gate, Down, Up, GateBias, DownBias, UpBias };

MlpSources sources_of(const TrialRequest& request, std::uint64_t first_stream) {
  const std::int64_t dim = required_extent(request.dims.dim, "dim");
  const std::int64_t hidden_dim = required_extent(request.dims.hidden_dim, "hidden-dim");
  const auto random = [&](Stream stream, double scale, mesh::Shape shape) {
    return WeightSource(RandomNormal{
        .key = {.seed = request.seed, .stream = first_stream + static_cast<std::uint64_t>(stream)},
        .scale = scale,
        .shape = std::move(shape)});
  };
  const double of_dim = 1 / std::sqrt(static_cast<double>(dim));
  const double of_hidden = 1 / std::sqrt(static_cast<double>(hidden_dim));
  MlpSources weights{.w1 = random(Stream::Gate, of_dim, {dim, hidden_dim}),
                     .w2 = random(Stream::Down, of_hidden, {hidden_dim, dim})};
  if (request.gate) weights.w3 = random(Stream::Up, of_dim, {dim, hidden_dim});
  if (request.bias) {
    weights.b1 = random(Stream::GateBias, kTrialBiasScale, {1, hidden_dim});
    weights.b2 = random(Stream::DownBias, kTrialBiasScale, {1, dim});
    if (request.gate) weights.b3 = random(Stream::UpBias, kTrialBiasScale, {1, hidden_dim});
  }
  return weights;
}

}  // namespace

MlpWorkload::MlpWorkload(const TrialRequest& request, std::uint64_t first_stream)
    : precision(
          parse_mlp_precision(request.weight_dtype.empty() ? "bfp8_b" : request.weight_dtype)),
      sources(sources_of(request, first_stream)),
      activation(request.activation.value_or(ops::Activation::Silu)) {}

mesh::HostTensor MlpWorkload::reference(const mesh::HostTensor& x,
                                        const ReferenceOptions& options) const {
  return mlp_reference(x, sources, {.activation = activation, .threads = options.threads},
                       options.progress);
}

}  // namespace ttmesh::modules
