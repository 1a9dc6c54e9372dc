#pragma once

#include <cstdint>
#include <vector>

#include "mesh/device/tensor.hpp"
#include "mesh/tensor/placement.hpp"
#include "modules/attention/attention_config.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/mode.hpp"

namespace ttmesh::modules {

/// Tensors that both attention classes make, of a resolved config.

void load_attention_weights(const AttentionConfig& config);

/// The input of a forward call.
[[nodiscard]] mesh::Tensor attention_input(const AttentionConfig& config, const LazyWeight& x,
                                           Mode mode, const mesh::Distribution& distribution);

/// int32 [users]; on a grid over the columns. Throws std::invalid_argument unless there is one for
/// each user, from -1 to the last of the cache.
[[nodiscard]] mesh::Tensor current_pos_tensor(const char* module, const AttentionConfig& config,
                                              const std::vector<std::int64_t>& positions);

/// int32 [users, pages]; on a grid over the columns. Throws std::invalid_argument unless rows are
/// whole and blocks are those of the paged cache, or -1 for none.
[[nodiscard]] mesh::Tensor page_table_tensor(const char* module, const AttentionConfig& config,
                                             const std::vector<std::int32_t>& blocks);

/// The tensor in another format, after which the first is deallocated; itself if it is in it.
[[nodiscard]] mesh::Tensor recast(const mesh::Tensor& tensor, mesh::DataType dtype);

/// [1, 1, S, w] seen as [1, S / most, most, w] if S is more than `most` and a multiple of it.
[[nodiscard]] mesh::Tensor folded_above(const mesh::Tensor& rows, std::int64_t most);

}  // namespace ttmesh::modules
