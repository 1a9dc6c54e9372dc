#include "mesh/device/transfer.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <stdexcept>
#include <variant>

#include "mesh/device/session.hpp"
#include "mesh/program/spec_attributes.hpp"

namespace ttmesh::mesh {
namespace {

void require_all_values(const HostTensor& tensor) {
  const std::size_t count =
      std::visit([](const auto& values) { return values.size(); }, tensor.values);
  if (count != static_cast<std::size_t>(tensor.shape.volume())) {
    throw std::invalid_argument(fmt::format("[from_host] {} values for shape {}, needs {}", count,
                                            to_string(tensor.shape), tensor.shape.volume()));
  }
}

}  // namespace

Tensor from_host(const MeshDevice& device, HostTensor global, const WriteOptions& options) {
  if (!device.timing_only()) require_all_values(global);
  TensorSpec spec{.shape = {},
                  .dtype = options.dtype,
                  .layout = options.layout,
                  .memory = options.memory,
                  .distribution = options.distribution};
  if (spec.distribution == Distribution{}) spec.distribution.mesh = device.shape();
  spec.shape = local_shape(global.shape, spec.distribution);

  Session& session = *device.session();
  Request request{.op = "write",
                  .view = device.view(),
                  .inputs = {},
                  .attributes = to_attributes(spec),
                  .payload = {}};
  if (!device.timing_only()) {
    request.payload = std::make_shared<const HostTensor>(std::move(global));
  }
  Tensor written(session.issue(std::move(request)).front());
  count_as_written(written);
  return written;
}

void count_as_written(const Tensor& tensor) {
  Session& session = *tensor.handle()->session;
  session.cross_host_link(chip_bytes(tensor.spec()) * tensor.handle()->view.shape.size(),
                          session.machine().host.write_bytes_per_s);
}

HostTensor to_host(const Tensor& tensor) {
  return compose(tensor.handle()->session->read(tensor.handle()), tensor.spec());
}

void wait_as_read(const Tensor& tensor) {
  (void)tensor.handle()->session->deliver(tensor.handle());
}

std::vector<HostTensor> shards_to_host(const Tensor& tensor) {
  std::vector<HostTensor> hosts;
  for (const Shard& shard : tensor.handle()->session->read(tensor.handle())) {
    hosts.push_back(to_host(shard));
  }
  return hosts;
}

}  // namespace ttmesh::mesh
