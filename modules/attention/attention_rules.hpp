#pragma once

#include <cstdint>
#include <string>

#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/placement.hpp"
#include "modules/attention/attention_config.hpp"

namespace ttmesh::modules {

/// What `resolved_1d` and `resolved_2d` check and fill in alike; `module` begins the messages. All
/// throw std::invalid_argument.

/// Tokens that the KV cache of one chip may hold. Source: TTTv2's Attention1D.
constexpr std::int64_t kMaxCachedTokens = std::int64_t{128} * 1024;

/// What the heads are cut into, and by whom.
struct HeadParts {
  int parts;
  const char* by;  ///< "chips", "rows of the mesh"
};

/// Where the weights lie; dims count from the end.
struct AttentionPlacement {
  mesh::Distribution qkv;
  mesh::Distribution bias;
  mesh::Distribution wo;
  mesh::Distribution wo_bias;  ///< As the columns of the sums.
};

[[noreturn]] void refuse(const char* module, const std::string& what);

/// Whether the mesh has several rows and several columns.
[[nodiscard]] bool is_grid(mesh::MeshShape shape);

/// The device: the one given, else that of the weights; there must be one.
[[nodiscard]] mesh::MeshDevice attention_device(const char* module, const AttentionConfig& config);

/// Heads, extents and formats, of a mesh that is right for the class.
[[nodiscard]] AttentionConfig with_common_fields(const char* module, const AttentionConfig& config,
                                                 const mesh::MeshDevice& device,
                                                 const HeadParts& cut);

/// Refuses caches that are larger than a chip's, and windows over blocks.
void require_cache_budget(const char* module, const AttentionConfig& config);

/// The weights where they belong; the cache is checked.
void lay_out(const char* module, AttentionConfig& full, const AttentionPlacement& placement);

}  // namespace ttmesh::modules
