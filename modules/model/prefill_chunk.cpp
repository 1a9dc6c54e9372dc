#include "modules/model/prefill_chunk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <stdexcept>
#include <string_view>

#include "modules/model_dims.hpp"

namespace ttmesh::modules {
namespace {

/// Thousands (1,024) of rows on 1, 2, 8 and 32 chips; 0: the model does not fit.
struct ChunkRow {
  std::string_view model;
  std::array<std::int64_t, 4> rows;
};

// Source: the table "Max Prefill Chunk Sizes" of tt-metal's Llama 3 demo.
constexpr std::array<int, 4> kChips{1, 2, 8, 32};
constexpr std::array<ChunkRow, 4> kChunks{{
    {"llama-3.2-1b", {128, 128, 128, 128}},
    {"llama-3.2-3b", {8, 128, 128, 128}},
    {"llama-3.1-8b", {4, 64, 128, 128}},
    {"llama-3.1-70b", {0, 0, 32, 128}},
}};
constexpr std::int64_t kUnit = 1024;
constexpr std::int64_t kFallback = 4 * kUnit;
constexpr std::int64_t kShortest = 128;
constexpr std::int64_t kWhole = std::numeric_limits<std::int64_t>::max();

bool has_windows(const ModelSpec& spec) { return spec->sliding_window.has_value(); }

bool is_size_of(const ModelSpec& spec, const ModelDims& dims) {
  return spec->architecture == "llama" && spec->dim == dims.dim &&
         spec->hidden_dim == dims.hidden_dim;
}

}  // namespace

std::int64_t default_prefill_chunk(const ModelSpec& spec, int chips) {
  if (has_windows(spec)) return kWhole;
  const auto* const column = std::ranges::find(kChips, chips);
  const auto* const row = std::ranges::find_if(
      kChunks, [&](const ChunkRow& r) { return is_size_of(spec, find_model(r.model)); });
  if (column == kChips.end() || row == kChunks.end()) return kFallback;
  const std::int64_t rows = row->rows[static_cast<std::size_t>(column - kChips.begin())];
  return rows == 0 ? kFallback : rows * kUnit;
}

void require_chunk(const ModelConfig& config) {
  const std::int64_t chunk = config.prefill_chunk;
  if (chunk == kWhole) return;
  if (chunk < kShortest || !std::has_single_bit(static_cast<std::uint64_t>(chunk))) {
    throw std::invalid_argument(
        fmt::format("[Model] chunks of a prefill are {} rows, needs a power of two from {} on",
                    chunk, kShortest));
  }
  if (config.pages() && has_windows(config.spec)) {
    throw std::invalid_argument(fmt::format(
        "[Model] {} has sliding windows and would be prefilled in chunks of {} rows, needs one "
        "piece: windows go with no paged cache, as in TTTv2; leave --prefill-chunk out",
        config.spec->name, chunk));
  }
}

}  // namespace ttmesh::modules
