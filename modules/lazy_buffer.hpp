#pragma once

#include <memory>
#include <optional>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/tensor/dtype.hpp"
#include "mesh/tensor/host_tensor.hpp"
#include "mesh/tensor/placement.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::modules {

/// How a buffer lies on the chips.
struct LazyBufferOptions {
  mesh::DataType dtype = mesh::DataType::Int32;
  std::optional<mesh::Layout> layout = mesh::Layout::Tile;
  mesh::MemoryConfig memory = mesh::kDramInterleaved;
  std::optional<mesh::Distribution> distribution{};  ///< From a mapper; none replicates.
  std::optional<mesh::MeshDevice> device{};
};

/// State that changes and keeps its place on the chips: positions, page tables, seeds. Made at its
/// first use; what is issued before an update sees the old values. A handle, cheap to copy; copies
/// share the tensor. There is no cache on disk.
class LazyBuffer {
 public:
  /// Throws std::invalid_argument if there are not as many values as the shape says.
  explicit LazyBuffer(mesh::HostTensor source, LazyBufferOptions options = {});

  /// The tensor on the chips: the same handle until `release`.
  /// Throws std::invalid_argument if device or layout is unset or the parts do not divide, and
  /// mesh::Error if memory is exhausted.
  mesh::Tensor get_device_buffer() const;

  /// Replaces the values: on the chips, in place, if they are there, else before they come there.
  /// Throws std::invalid_argument unless the shape and the kind of values stay.
  void update(mesh::HostTensor values) const;

  /// Frees the tensor on the chips. The next use makes another with the last values from the host.
  void release() const;

  bool is_loaded() const;
  /// The last values from the host; ops may have changed those on the chips.
  const mesh::HostTensor& source() const;
  const LazyBufferOptions& options() const;

 private:
  struct State;

  std::shared_ptr<State> state_;
};

}  // namespace ttmesh::modules
