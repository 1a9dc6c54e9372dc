#include "modules/attention/kv_cache.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "ops/full.hpp"

namespace ttmesh::modules {
namespace {

void require_tensor(const char* module, const char* name, const mesh::Tensor& tensor,
                    const mesh::MeshDevice& device, const mesh::TensorSpec& spec) {
  const auto refuse = [&](const std::string& what) {
    throw std::invalid_argument(fmt::format("[{}] kv_cache {} {}", module, name, what));
  };
  if (!tensor) refuse("are empty, needs a tensor");
  if (!(tensor.device() == device))
    refuse("live on another mesh device, needs that of the weights");
  const bool fits = tensor.shape() == spec.shape && tensor.layout() == spec.layout &&
                    mesh::is_floating(tensor.dtype()) &&
                    mesh::normalised(tensor.distribution()) == mesh::normalised(spec.distribution);
  if (!fits) {
    refuse(fmt::format("are {}, needs {} on each chip in {} and a floating-point dtype",
                       to_string(tensor.spec()), to_string(spec.shape),
                       to_string(mesh::normalised(spec.distribution))));
  }
}

}  // namespace

KvCache make_kv_cache(const mesh::MeshDevice& device, const mesh::TensorSpec& spec) {
  return {.keys = ops::zeros(device, spec), .values = ops::zeros(device, spec)};
}

void require_kv_cache(const char* module, const KvCache& cache, const mesh::MeshDevice& device,
                      const mesh::TensorSpec& spec) {
  require_tensor(module, "keys", cache.keys, device, spec);
  require_tensor(module, "values", cache.values, device, spec);
}

}  // namespace ttmesh::modules
