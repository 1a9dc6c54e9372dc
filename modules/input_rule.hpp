#pragma once

#include <cstdint>
#include <optional>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/tensor/placement.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::modules {

/// What a forward call of a module accepts.
struct InputRule {
  const char* function;        ///< Begins the messages: "MLP1D::decode_forward".
  const char* what = "input";  ///< What it is called in messages.
  mesh::MeshDevice device;
  std::int64_t width;  ///< Extent of the last dim on one chip.
  std::optional<mesh::Distribution>
      distribution{};                          ///< Any that keeps the last dim whole if unset.
  std::optional<mesh::MemoryConfig> memory{};  ///< Any if unset.
  bool any_leading = false;                    ///< The first two dims need not be 1.
};

/// Throws std::invalid_argument, with what was found and what is needed, unless `x` is a tiled
/// [1, 1, rows, width] as the rule says; a wrong placement names the collective that is missing.
void require_input(const mesh::Tensor& x, const InputRule& rule);

/// Decode: at most `max_batch_size` rows, rounded up to whole tiles.
void require_decode_rows(const char* function, const mesh::Tensor& x, int max_batch_size);

/// Prefill: whole tiles, and a multiple of `cutoff` from there on.
void require_prefill_rows(const char* function, const mesh::Tensor& x, std::int64_t cutoff);

/// [1, 1, S, w] seen as [1, S / cutoff, cutoff, w] if S is at least `cutoff`, else as it is.
[[nodiscard]] mesh::Tensor folded(const mesh::Tensor& x, std::int64_t cutoff);

}  // namespace ttmesh::modules
