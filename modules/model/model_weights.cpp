#include "modules/model/model_weights.hpp"

#include <fmt/format.h>

#include <cmath>
#include <set>
#include <utility>

#include "mesh/topology/error.hpp"

namespace ttmesh::modules {
namespace {

constexpr const char* kEmbedding = "model.embed_tokens.weight";
constexpr const char* kNorm = "model.norm.weight";
constexpr const char* kHead = "lm_head.weight";

std::string in_layer(int layer, const char* name) {
  return fmt::format("model.layers.{}.{}", layer, name);
}

/// Columns of the projections.
std::int64_t query_width(const ModelSpec& spec) { return spec->heads * spec->head_dim; }
std::int64_t key_width(const ModelSpec& spec) { return spec->kv_heads * spec->head_dim; }

/// Makes sources of tensors that are there, in the shapes of the model.
class Reader {
 public:
  explicit Reader(const StoredTensors& tensors) : tensors_(tensors) {}

  /// A projection [in, out]; the file has [out, in]. With a head_dim, heads become pairs.
  WeightSource projection(const std::string& name, std::int64_t head_dim = 0) const {
    const StoredTensor& tensor = tensors_.find(name)->second;
    return source(tensor, tensor.shape[1], tensor.shape[0], true, head_dim);
  }
  WeightSource rows(const std::string& name) const {
    const StoredTensor& tensor = tensors_.find(name)->second;
    return source(tensor, tensor.shape[0], tensor.shape[1], false, 0);
  }
  WeightSource vector(const std::string& name, std::int64_t head_dim = 0) const {
    const StoredTensor& tensor = tensors_.find(name)->second;
    return source(tensor, 1, tensor.shape[0], false, head_dim);
  }
  WeightSource norm(const std::string& name) const {
    const StoredTensor& tensor = tensors_.find(name)->second;
    return source(tensor, tensor.shape[0] / mesh::kTileExtent, mesh::kTileExtent, false, 0);
  }

 private:
  static WeightSource source(const StoredTensor& tensor, std::int64_t rows, std::int64_t cols,
                             bool transposed, std::int64_t head_dim) {
    return WeightAssembly{.shape = {rows, cols},
                          .parts = {StoredMatrix{.file = tensor.file,
                                                 .offset = tensor.offset,
                                                 .type = *tensor.type(),
                                                 .rows = rows,
                                                 .cols = cols,
                                                 .transposed = transposed}},
                          .runs = {{.part = 0, .first = 0, .count = cols, .rotary_dim = head_dim}}};
  }

  const StoredTensors& tensors_;
};

// Every way in which the tensors are not those of the model.
void require_tensors(const ModelSpec& spec, const std::string& directory,
                     const StoredTensors& tensors) {
  std::vector<mesh::Problem> problems;
  const auto refuse = [&](const std::string& file, const std::string& name,
                          const std::string& what) {
    problems.push_back({.file = file, .line = 0, .field = name, .what = what});
  };
  std::set<std::string, std::less<>> known;
  for (const ExpectedTensor& expected : expected_tensors(spec)) {
    known.insert(expected.name);
    const auto found = tensors.find(expected.name);
    if (found == tensors.end()) {
      refuse(directory, expected.name,
             fmt::format("is missing, needs {}", to_string(expected.shape)));
      continue;
    }
    const StoredTensor& tensor = found->second;
    if (tensor.shape != expected.shape) {
      refuse(tensor.file, expected.name,
             fmt::format("has shape {}, config.json needs {}", to_string(tensor.shape),
                         to_string(expected.shape)));
    }
    if (!tensor.type()) {
      refuse(tensor.file, expected.name,
             fmt::format("has dtype {}, needs F32, F16 or BF16", tensor.dtype));
    }
  }
  for (const auto& [name, tensor] : tensors) {
    // A tied head may be stored too, and old files have tables that follow from the config.
    const bool ignored =
        (spec->tied_embeddings && name == kHead) || name.ends_with("rotary_emb.inv_freq");
    if (!known.contains(name) && !ignored) {
      refuse(tensor.file, name, "does not belong to the model that config.json describes");
    }
  }
  if (!problems.empty()) throw mesh::InvalidFile(std::move(problems));
}

WeightSource ones(std::int64_t rows, std::int64_t cols) {
  return mesh::HostTensor{
      .shape = {rows, cols},
      .values = std::vector<float>(static_cast<std::size_t>(rows * cols), 1.0F)};
}

}  // namespace

std::vector<ExpectedTensor> expected_tensors(const ModelSpec& spec) {
  const std::int64_t query = query_width(spec);
  const std::int64_t key = key_width(spec);
  std::vector<ExpectedTensor> tensors{{kEmbedding, {spec->vocab, spec->dim}}, {kNorm, {spec->dim}}};
  if (!spec->tied_embeddings) tensors.push_back({kHead, {spec->vocab, spec->dim}});
  for (int layer = 0; layer < spec->layers; ++layer) {
    const auto add = [&](const char* name, mesh::Shape shape) {
      tensors.push_back({in_layer(layer, name), std::move(shape)});
    };
    add("input_layernorm.weight", {spec->dim});
    add("self_attn.q_proj.weight", {query, spec->dim});
    add("self_attn.k_proj.weight", {key, spec->dim});
    add("self_attn.v_proj.weight", {key, spec->dim});
    add("self_attn.o_proj.weight", {spec->dim, query});
    if (spec->qkv_bias) {
      add("self_attn.q_proj.bias", {query});
      add("self_attn.k_proj.bias", {key});
      add("self_attn.v_proj.bias", {key});
    }
    if (spec->output_bias) add("self_attn.o_proj.bias", {spec->dim});
    if (spec->qk_norm) {
      add("self_attn.q_norm.weight", {spec->head_dim});
      add("self_attn.k_norm.weight", {spec->head_dim});
    }
    add("post_attention_layernorm.weight", {spec->dim});
    const auto product = [&](const std::string& name, std::int64_t out, std::int64_t in) {
      add((name + ".weight").c_str(), {out, in});
      if (spec->mlp_bias) add((name + ".bias").c_str(), {out});
    };
    if (spec->gate) product("mlp.gate_proj", spec->hidden_dim, spec->dim);
    product("mlp.up_proj", spec->hidden_dim, spec->dim);
    product("mlp.down_proj", spec->dim, spec->hidden_dim);
  }
  return tensors;
}

ModelWeights stored_weights(const ModelSpec& spec, const std::string& directory,
                            const StoredTensors& tensors) {
  require_tensors(spec, directory, tensors);
  const Reader reader(tensors);
  ModelWeights weights{.embedding = reader.rows(kEmbedding),
                       .layers = {},
                       .norm = reader.norm(kNorm),
                       .head = reader.projection(spec->tied_embeddings ? kEmbedding : kHead)};
  const std::int64_t head_dim = spec->head_dim;
  for (int i = 0; i < spec->layers; ++i) {
    LayerWeights layer{.input_norm = reader.norm(in_layer(i, "input_layernorm.weight")),
                       .query = reader.projection(in_layer(i, "self_attn.q_proj.weight"), head_dim),
                       .key = reader.projection(in_layer(i, "self_attn.k_proj.weight"), head_dim),
                       .value = reader.projection(in_layer(i, "self_attn.v_proj.weight")),
                       .output = reader.projection(in_layer(i, "self_attn.o_proj.weight")),
                       .mlp_norm = reader.norm(in_layer(i, "post_attention_layernorm.weight")),
                       .up = reader.projection(in_layer(i, "mlp.up_proj.weight")),
                       .down = reader.projection(in_layer(i, "mlp.down_proj.weight"))};
    if (spec->gate) layer.gate = reader.projection(in_layer(i, "mlp.gate_proj.weight"));
    if (spec->output_bias) layer.output_bias = reader.vector(in_layer(i, "self_attn.o_proj.bias"));
    if (spec->mlp_bias) {
      if (spec->gate) layer.gate_bias = reader.vector(in_layer(i, "mlp.gate_proj.bias"));
      layer.up_bias = reader.vector(in_layer(i, "mlp.up_proj.bias"));
      layer.down_bias = reader.vector(in_layer(i, "mlp.down_proj.bias"));
    }
    if (spec->qkv_bias) {
      layer.query_bias = reader.vector(in_layer(i, "self_attn.q_proj.bias"), head_dim);
      layer.key_bias = reader.vector(in_layer(i, "self_attn.k_proj.bias"), head_dim);
      layer.value_bias = reader.vector(in_layer(i, "self_attn.v_proj.bias"));
    }
    if (spec->qk_norm) {
      layer.query_norm = reader.vector(in_layer(i, "self_attn.q_norm.weight"), head_dim);
      layer.key_norm = reader.vector(in_layer(i, "self_attn.k_norm.weight"), head_dim);
    }
    weights.layers.push_back(std::move(layer));
  }
  return weights;
}

ModelWeights random_weights(const ModelSpec& spec, std::uint64_t seed) {
  constexpr double kBiasScale = 0.01;
  std::uint64_t stream = 0;
  const auto random = [&](std::int64_t rows, std::int64_t cols, double scale) {
    return WeightSource(RandomNormal{
        .key = {.seed = seed, .stream = stream++}, .scale = scale, .shape = {rows, cols}});
  };
  const auto matrix = [&](std::int64_t rows, std::int64_t cols) {
    return random(rows, cols, 1 / std::sqrt(static_cast<double>(rows)));
  };
  const std::int64_t dim = spec->dim;
  const std::int64_t tiles = dim / mesh::kTileExtent;
  ModelWeights weights{.embedding = random(spec->vocab, dim, 1.0),
                       .layers = {},
                       .norm = ones(tiles, mesh::kTileExtent),
                       .head = matrix(dim, spec->vocab)};
  for (int i = 0; i < spec->layers; ++i) {
    LayerWeights layer{.input_norm = weights.norm,
                       .query = matrix(dim, query_width(spec)),
                       .key = matrix(dim, key_width(spec)),
                       .value = matrix(dim, key_width(spec)),
                       .output = matrix(query_width(spec), dim),
                       .mlp_norm = weights.norm,
                       .up = matrix(dim, spec->hidden_dim),
                       .down = matrix(spec->hidden_dim, dim)};
    if (spec->gate) layer.gate = matrix(dim, spec->hidden_dim);
    if (spec->output_bias) layer.output_bias = random(1, dim, kBiasScale);
    if (spec->mlp_bias) {
      if (spec->gate) layer.gate_bias = random(1, spec->hidden_dim, kBiasScale);
      layer.up_bias = random(1, spec->hidden_dim, kBiasScale);
      layer.down_bias = random(1, dim, kBiasScale);
    }
    if (spec->qkv_bias) {
      layer.query_bias = random(1, query_width(spec), kBiasScale);
      layer.key_bias = random(1, key_width(spec), kBiasScale);
      layer.value_bias = random(1, key_width(spec), kBiasScale);
    }
    if (spec->qk_norm) {
      layer.query_norm = ones(1, spec->head_dim);
      layer.key_norm = ones(1, spec->head_dim);
    }
    weights.layers.push_back(std::move(layer));
  }
  return weights;
}

}  // namespace ttmesh::modules
