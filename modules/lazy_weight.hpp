#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/tensor/dtype.hpp"
#include "mesh/tensor/placement.hpp"
#include "mesh/tensor/shape.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "modules/weight_source.hpp"

namespace ttmesh::modules {

/// Where a weight is kept between runs: `<directory>/<name>_<fingerprint>.tensorbin`.
struct WeightCache {
  std::filesystem::path directory;
  std::string name;
};

/// How a weight lies on the chips. What is unset, the module that uses it decides; except the
/// dtype, which is bf16 unless it is stated here.
struct LazyWeightOptions {
  mesh::DataType dtype = mesh::DataType::Bfloat16;
  std::optional<mesh::Layout> layout{};
  std::optional<mesh::MemoryConfig> memory{};
  std::optional<mesh::Distribution> distribution{};  ///< From a mapper; none replicates.
  std::optional<mesh::MeshDevice> device{};
  std::optional<mesh::Shape> padded_shape{};  ///< Global extents, unset: every sharded dim of a
                                              ///< tiled tensor is a multiple of 32 times the number
                                              ///< of chips.
  double pad_value = 0;
  std::optional<WeightCache> cache{};
};

/// A tensor that comes to be on the chips at its first use, and then stays. A handle, cheap to
/// copy; copies share the tensor.
///
/// Random values are made by the host of each chip, and matrices in files and cached weights are
/// read there: none pass through the controller. The first two are not kept in the cache. A cached
/// file is validated; one that is damaged is an error, never replaced in silence.
class LazyWeight {
 public:
  /// Throws std::invalid_argument if a source other than a tensor in memory is padded
  /// with anything but 0.
  explicit LazyWeight(WeightSource source, LazyWeightOptions options = {});

  /// The tensor on the chips, made at the first call.
  /// Throws std::invalid_argument if device, layout or memory is unset or the parts do not divide,
  /// mesh::InvalidFile if the cached file is damaged at its beginning, and mesh::Error if memory is
  /// exhausted. A part that its host finds damaged is mesh::Error (BadFile) when values are read.
  mesh::Tensor get_device_weight() const;

  /// Another tensor with the same values, which the caller may deallocate.
  mesh::Tensor make_device_tensor() const;

  /// The same weight with what is unset taken from `defaults`; itself if nothing is.
  LazyWeight with_defaults(const LazyWeightOptions& defaults) const;

  bool is_loaded() const;
  const WeightSource& source() const;
  const LazyWeightOptions& options() const;
  /// Extents without padding.
  const mesh::Shape& shape() const { return source().shape(); }
  /// Extents with padding, over the whole mesh.
  mesh::Shape padded_shape() const;
  /// 32 hexadecimal digits that name values, dtype, layout, memory, distribution and padding.
  std::string fingerprint() const;
  /// Where the cache keeps this weight; none without a cache, or where the chips make the values.
  std::optional<std::filesystem::path> cache_path() const;

 private:
  struct State;

  std::shared_ptr<State> state_;
};

/// `extent` rounded up so that each of `parts` has whole tiles.
[[nodiscard]] std::int64_t padded_extent(std::int64_t extent, int parts);

}  // namespace ttmesh::modules
