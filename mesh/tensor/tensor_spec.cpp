#include "mesh/tensor/tensor_spec.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace ttmesh::mesh {
namespace {

struct BufferName {
  BufferType buffer;
  std::string_view name;
};
constexpr std::array kBufferNames{BufferName{BufferType::Dram, "dram"},
                                  BufferName{BufferType::L1, "l1"}};

struct LayoutName {
  MemoryLayout layout;
  std::string_view name;
};
constexpr std::array kLayoutNames{LayoutName{MemoryLayout::HeightSharded, "height_sharded"},
                                  LayoutName{MemoryLayout::WidthSharded, "width_sharded"},
                                  LayoutName{MemoryLayout::BlockSharded, "block_sharded"}};

// The part of `text` before `separator`, which is cut off it together with the separator.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view head = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return head;
}

std::optional<int> positive(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && number > 0 ? std::optional(number) : std::nullopt;
}

std::optional<MemoryConfig> parsed(std::string_view text) {
  const bool has_layout = text.find(' ') != std::string_view::npos;
  const bool has_cores = text.find('/') != std::string_view::npos;
  const std::string_view buffer = take(text, ' ');
  const std::string_view layout = take(text, '/');
  MemoryConfig memory;
  for (const BufferName& known : kBufferNames) {
    if (known.name != buffer) continue;
    memory.buffer = known.buffer;
    if (!has_layout) return memory;
    for (const LayoutName& sharded : kLayoutNames) {
      if (sharded.name != layout) continue;
      memory.layout = sharded.layout;
      if (!has_cores) return memory;
      const std::optional<int> cores = positive(text);
      if (!cores) return std::nullopt;
      memory.shard_cores = *cores;
      return memory;
    }
  }
  return std::nullopt;
}

}  // namespace

std::int64_t chip_bytes(const TensorSpec& spec) { return page_count(spec) * page_bytes(spec); }

std::int64_t page_count(const TensorSpec& spec) {
  if (spec.layout == Layout::Tile) return tile_count(spec.shape);
  return spec.shape.rank() == 0 ? 1 : spec.shape.volume() / spec.shape[-1];
}

std::int64_t page_bytes(const TensorSpec& spec) {
  if (spec.layout == Layout::Tile) return tile_bytes(spec.dtype);
  return (spec.shape.rank() == 0 ? 1 : spec.shape[-1]) * element_bytes(spec.dtype);
}

void validate(const TensorSpec& spec) {
  for (int dim = 0; dim < spec.shape.rank(); ++dim) {
    if (spec.shape[dim] <= 0) {
      throw std::invalid_argument(
          fmt::format("[TensorSpec] dim {} of {} has extent {}, needs a positive one", dim,
                      to_string(spec.shape), spec.shape[dim]));
    }
  }
  if (is_block_float(spec.dtype) && spec.layout != Layout::Tile) {
    throw std::invalid_argument(
        fmt::format("[TensorSpec] {} in row-major layout, needs tile layout", name(spec.dtype)));
  }
  for (const Placement& placement : spec.distribution.placements) {
    const bool names_dim =
        placement.kind == Placement::Kind::Shard || placement.kind == Placement::Kind::Stacked;
    if (names_dim && (placement.dim < 0 || placement.dim >= spec.shape.rank())) {
      throw std::invalid_argument(fmt::format(
          "[TensorSpec] placement {} names dim {} of a tensor of rank {}, needs 0 to "
          "{}",
          to_string(spec.distribution), placement.dim, spec.shape.rank(), spec.shape.rank() - 1));
    }
  }
}

std::string to_string(const TensorSpec& spec) {
  return fmt::format("{} {} {} {} {}", to_string(spec.shape), name(spec.dtype),
                     spec.layout == Layout::Tile ? "tile" : "row_major", to_string(spec.memory),
                     to_string(spec.distribution));
}

std::string to_string(const MemoryConfig& memory) {
  std::string text(memory.buffer == BufferType::Dram ? "dram" : "l1");
  for (const LayoutName& known : kLayoutNames) {
    if (known.layout == memory.layout) text += fmt::format(" {}", known.name);
  }
  if (memory.shard_cores > 0) text += fmt::format("/{}", memory.shard_cores);
  return text;
}

MemoryConfig parse_memory_config(const std::string& text) {
  if (const std::optional<MemoryConfig> memory = parsed(text)) return *memory;
  throw std::invalid_argument(
      fmt::format("[parse_memory_config] unknown memory '{}', needs dram or l1, then, if sharded, "
                  "height_sharded, width_sharded or block_sharded, as in 'l1 width_sharded/32'",
                  text));
}

}  // namespace ttmesh::mesh
