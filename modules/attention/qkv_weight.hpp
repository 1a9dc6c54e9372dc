#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/tensor/placement.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/weight_place.hpp"

namespace ttmesh::modules {

/// Where a weight of queries, keys and values lies, and what it must be.
struct QkvLayout {
  const char* module;  ///< Begins the messages.
  const char* name;    ///< "wqkv"
  std::int64_t rows;   ///< Rows of the matrix; 1 of a bias.
  std::int64_t query;  ///< Columns of the queries over the whole mesh.
  std::int64_t key;    ///< Columns of the keys, and of the values.
  mesh::MeshDevice device;
  mesh::Distribution distribution;  ///< Cuts the columns into one part for each group of heads.
  mesh::MemoryConfig memory;
};

/// The projections to queries, keys and values, or their biases, side by side: each chip holds the
/// columns of its own heads, [Q_i | K_i | V_i]. A handle, cheap to copy; copies share the tensor.
///
/// Made of three weights, each [dim, heads * head_dim], it is packed on the chips at the first use:
/// every chip takes its part of each. So the values do not depend on the number of chips, and none
/// pass through the controller that would not otherwise.
class QkvWeight {
 public:
  // NOLINTBEGIN(google-explicit-constructor): a packed weight stands for itself.
  /// One weight [dim, (heads + 2 kv_heads) * head_dim] whose columns are packed for the mesh.
  QkvWeight(LazyWeight packed);
  // NOLINTEND(google-explicit-constructor)
  QkvWeight(LazyWeight query, LazyWeight key, LazyWeight value);

  /// The same weight with what is unset taken from the layout. Throws std::invalid_argument if
  /// shapes or dtypes do not fit, or a weight lies elsewhere.
  QkvWeight laid_out(const QkvLayout& layout) const;

  /// The packed tensor on the chips, made at the first call; throws as LazyWeight does. Needs a
  /// weight that is laid out.
  mesh::Tensor get_device_weight() const;

  bool is_loaded() const;
  bool is_packed() const { return state_->parts.size() == 1; }
  /// One weight, or those of queries, keys and values.
  const std::vector<LazyWeight>& parts() const { return state_->parts; }

 private:
  struct State {
    std::vector<LazyWeight> parts;
    std::optional<mesh::Tensor> tensor{};
  };

  explicit QkvWeight(std::vector<LazyWeight> parts);

  std::shared_ptr<State> state_;
};

/// `placed` without padding. Throws std::invalid_argument unless the weight is a matrix of these
/// rows and columns, too.
[[nodiscard]] LazyWeight placed_matrix(const LazyWeight& weight, const mesh::Shape& matrix,
                                       WeightPlace place);

}  // namespace ttmesh::modules
