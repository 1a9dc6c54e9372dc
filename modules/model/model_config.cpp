#include "modules/model/model_config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>
#include <vector>

#include "modules/model/model_memory.hpp"
#include "modules/model/prefill_chunk.hpp"

namespace ttmesh::modules {
namespace {

bool is_grid(mesh::MeshShape mesh) { return mesh.rows > 1 && mesh.cols > 1; }

// The most chips of a line, up to 8, that the spec divides over.
int longest_line(const ModelSpec& spec) {
  int chips = 8;
  while (spec->heads % chips != 0 || spec->kv_heads % chips != 0 ||
         spec->dim % (chips * mesh::kTileExtent) != 0) {
    --chips;
  }
  return chips;
}

}  // namespace

int padded_batch(mesh::MeshShape mesh, int batch) {
  const int columns = is_grid(mesh) ? mesh.cols : 1;
  return (batch + columns - 1) / columns * columns;
}

std::int64_t padded_prompt(std::int64_t tokens) {
  constexpr std::int64_t kShortest = 128;
  return static_cast<std::int64_t>(
      std::bit_ceil(static_cast<std::uint64_t>(std::max(tokens, kShortest))));
}

std::optional<PagedAttentionConfig> ModelConfig::pages() const {
  if (max_seq_len <= prefill_chunk) return {};
  PagedAttentionConfig pages;
  const int columns = is_grid(device.shape()) ? device.shape().cols : 1;
  pages.max_num_blocks = max_batch_size / columns * (max_seq_len / pages.block_size);
  return pages;
}

ModelConfig model_config(const ModelSpec& spec, const mesh::MeshDevice& device,
                         const ModelOptions& options) {
  require_divisible(spec, device.shape());
  ModelConfig config{
      .spec = spec,
      .weights = options.weights ? *options.weights : random_weights(spec, options.seed),
      .device = device,
      .precision = options.precision,
      .max_batch_size = options.max_batch_size,
      .max_seq_len = options.max_seq_len,
      .prefill_chunk =
          options.prefill_chunk.value_or(default_prefill_chunk(spec, device.shape().size()))};
  require_chunk(config);
  require_memory(config);
  return config;
}

void require_divisible(const ModelSpec& spec, mesh::MeshShape mesh) {
  const int head_parts = is_grid(mesh) ? mesh.rows : mesh.size();
  const int dim_parts = is_grid(mesh) ? mesh.cols : mesh.size();
  const char* by = is_grid(mesh) ? "rows" : "chips";
  std::vector<std::string> mistakes;
  const auto require = [&](const char* name, std::int64_t value, std::int64_t unit,
                           const std::string& why) {
    if (value % unit == 0) return;
    mistakes.push_back(fmt::format("{} is {}, needs a multiple of {}: {}", name, value, unit, why));
  };
  const std::string heads = fmt::format("as many on each of {} {}", head_parts, by);
  require("heads", spec->heads, head_parts, heads);
  require("kv_heads", spec->kv_heads, head_parts, heads);
  require("dim", spec->dim, std::int64_t{dim_parts} * mesh::kTileExtent,
          fmt::format("whole tiles of 32 on each of {} {}", dim_parts,
                      is_grid(mesh) ? "columns" : "chips"));
  if (mistakes.empty()) return;
  throw std::invalid_argument(
      fmt::format("[Model] {} does not divide over a {} mesh: {}; take another mesh, such as -t "
                  "SYSTEM:1x{}:line",
                  spec->name, to_string(mesh), fmt::join(mistakes, "; "), longest_line(spec)));
}

}  // namespace ttmesh::modules
