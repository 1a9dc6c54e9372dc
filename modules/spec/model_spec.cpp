#include "modules/spec/model_spec.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace ttmesh::modules {

ModelSpec ModelSpec::uniform(const ModelDims& dims) { return Builder().sizes(dims).build(); }

ModelSpec ModelSpec::with_layers(int layers) const {
  if (layers < 1 || layers > fields_->layers) {
    throw std::invalid_argument(fmt::format("[ModelSpec] {} layers are asked for, {} has {}",
                                            layers, fields_->name, fields_->layers));
  }
  return Builder(*this).layers(layers).build();
}

std::optional<std::int64_t> ModelSpec::window(int layer) const {
  const bool has =
      fields_->windowed.empty() || fields_->windowed.at(static_cast<std::size_t>(layer));
  return has ? fields_->sliding_window : std::nullopt;
}

std::int64_t ModelSpec::parameters() const {
  const Fields& f = *fields_;
  const std::int64_t query = f.heads * f.head_dim;
  const std::int64_t key = f.kv_heads * f.head_dim;
  const std::int64_t attention = f.dim * (query + 2 * key) + query * f.dim +
                                 (f.qkv_bias ? query + 2 * key : 0) + (f.output_bias ? f.dim : 0) +
                                 (f.qk_norm ? 2 * f.head_dim : 0);
  const std::int64_t inner = f.gate ? 2 : 1;
  const std::int64_t mlp =
      (inner + 1) * f.dim * f.hidden_dim + (f.mlp_bias ? inner * f.hidden_dim + f.dim : 0);
  const std::int64_t layer = attention + mlp + 2 * f.dim;
  return f.layers * layer + f.dim + (f.tied_embeddings ? 1 : 2) * f.vocab * f.dim;
}

}  // namespace ttmesh::modules
