#pragma once

#include <memory>

#include "mesh/program/command.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::mesh {

class MeshDevice;
class Session;
struct TensorHandle;

/// A tensor on a mesh device: a handle, cheap to copy. Its values come to be when the chips reach
/// the command that makes them; all that is known of it without them can be asked at once.
/// The tensor is freed on the chips after the last copy of the handle is gone.
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(std::shared_ptr<TensorHandle> handle) : handle_(std::move(handle)) {}

  /// Frees the tensor on the chips now, and with it the tensors that are views of the same memory;
  /// using any of their handles afterwards throws std::invalid_argument.
  void deallocate();

  explicit operator bool() const { return handle_ != nullptr; }
  TensorId id() const;
  const TensorSpec& spec() const;
  /// Shape on one chip, as in TTNN.
  const Shape& shape() const { return spec().shape; }
  DataType dtype() const { return spec().dtype; }
  Layout layout() const { return spec().layout; }
  const MemoryConfig& memory() const { return spec().memory; }
  const Distribution& distribution() const { return spec().distribution; }
  Shape global_shape() const { return mesh::global_shape(shape(), distribution()); }
  bool is_allocated() const;
  MeshDevice device() const;
  /// The shared state of all copies; null for an empty handle.
  const std::shared_ptr<TensorHandle>& handle() const { return handle_; }

 private:
  std::shared_ptr<TensorHandle> handle_;
};

}  // namespace ttmesh::mesh
