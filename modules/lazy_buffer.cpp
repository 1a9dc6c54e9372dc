#include "modules/lazy_buffer.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <stdexcept>
#include <utility>
#include <variant>

#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "ops/copy.hpp"

namespace ttmesh::modules {
namespace {

void require_all_values(const mesh::HostTensor& tensor) {
  const std::size_t count = std::visit([](const auto& v) { return v.size(); }, tensor.values);
  if (static_cast<std::int64_t>(count) == tensor.shape.volume()) return;
  throw std::invalid_argument(fmt::format("[LazyBuffer] {} values for {}, needs {}", count,
                                          to_string(tensor.shape), tensor.shape.volume()));
}

template <typename T>
const T& provided(const std::optional<T>& value, const char* field) {
  if (value) return *value;
  throw std::invalid_argument(
      fmt::format("[LazyBuffer] {} must be provided before the first use", field));
}

mesh::Tensor written(const mesh::HostTensor& values, const LazyBufferOptions& options) {
  const mesh::MeshDevice& device = provided(options.device, "device");
  return mesh::from_host(
      device, values,
      {.dtype = options.dtype,
       .layout = provided(options.layout, "layout"),
       .memory = options.memory,
       .distribution = mesh::resolved(
           options.distribution.value_or(mesh::replicate_tensor_to_mesh(device.shape())),
           values.shape.rank())});
}

}  // namespace

struct LazyBuffer::State {
  mesh::HostTensor source;
  LazyBufferOptions options;
  std::optional<mesh::Tensor> tensor{};
};

LazyBuffer::LazyBuffer(mesh::HostTensor source, LazyBufferOptions options) {
  require_all_values(source);
  state_ = std::make_shared<State>(State{std::move(source), std::move(options)});
}

mesh::Tensor LazyBuffer::get_device_buffer() const {
  if (!state_->tensor) state_->tensor = written(state_->source, state_->options);
  return *state_->tensor;
}

void LazyBuffer::update(mesh::HostTensor values) const {
  require_all_values(values);
  const mesh::HostTensor& old = state_->source;
  if (values.shape != old.shape || values.values.index() != old.values.index()) {
    throw std::invalid_argument(fmt::format(
        "[LazyBuffer] an update has shape {} and {} values, needs {} and values of the "
        "kind that the buffer was made with",
        to_string(values.shape), values.values.index() == old.values.index() ? "such" : "other",
        to_string(old.shape)));
  }
  if (state_->tensor) ops::copy(written(values, state_->options), *state_->tensor);
  state_->source = std::move(values);
}

void LazyBuffer::release() const {
  if (state_->tensor) state_->tensor->deallocate();
  state_->tensor.reset();
}

bool LazyBuffer::is_loaded() const { return state_->tensor.has_value(); }

const mesh::HostTensor& LazyBuffer::source() const { return state_->source; }

const LazyBufferOptions& LazyBuffer::options() const { return state_->options; }

}  // namespace ttmesh::modules
