#include "mesh/device/tensor.hpp"

#include <stdexcept>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/session.hpp"

namespace ttmesh::mesh {
namespace {

const TensorHandle& require(const std::shared_ptr<TensorHandle>& handle) {
  if (!handle) throw std::invalid_argument("[Tensor] the handle is empty; needs a tensor");
  return *handle;
}

}  // namespace

void Tensor::deallocate() {
  (void)require(handle_);
  handle_->booking->give_back();
}

TensorId Tensor::id() const { return require(handle_).id; }

const TensorSpec& Tensor::spec() const { return require(handle_).spec; }

bool Tensor::is_allocated() const { return handle_ && handle_->booking->is_booked(); }

MeshDevice Tensor::device() const {
  const TensorHandle& handle = require(handle_);
  return MeshDevice(handle.session, handle.view);
}

}  // namespace ttmesh::mesh
