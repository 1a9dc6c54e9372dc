#include "mesh/tensor/mapper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <stdexcept>

namespace ttmesh::mesh {
namespace {

// Several tensors one after another along `dim`.
HostTensor concat(std::span<const HostTensor> parts, int dim, const char* function) {
  const Shape& first = parts.front().shape;
  const int cut = first.index(dim);
  std::int64_t extent = 0;
  for (const HostTensor& part : parts) {
    if (part.shape.rank() != first.rank() || part.shape.with(cut, 1) != first.with(cut, 1)) {
      throw std::invalid_argument(
          fmt::format("[{}] a shard of {} after one of {}, needs equal extents but in dim {}",
                      function, to_string(part.shape), to_string(first), cut));
    }
    if (part.values.index() != parts.front().values.index()) {
      throw std::invalid_argument(
          fmt::format("[{}] shards hold different types, needs one type", function));
    }
    extent += part.shape[cut];
  }
  std::int64_t outer = 1;
  for (int i = 0; i < cut; ++i) outer *= first[i];

  HostTensor whole{.shape = first.with(cut, extent), .values = {}};
  std::visit(
      [&](const auto& sample) {
        using Vector = std::decay_t<decltype(sample)>;
        Vector joined;
        joined.reserve(static_cast<std::size_t>(whole.shape.volume()));
        for (std::int64_t i = 0; i < outer; ++i) {
          for (const HostTensor& part : parts) {
            const auto& from = std::get<Vector>(part.values);
            const std::int64_t run = part.shape.volume() / outer;
            joined.insert(joined.end(), from.begin() + i * run, from.begin() + (i + 1) * run);
          }
        }
        whole.values = std::move(joined);
      },
      parts.front().values);
  return whole;
}

}  // namespace

Distribution replicate_tensor_to_mesh(MeshShape mesh) { return {.mesh = mesh, .placements = {}}; }

Distribution shard_tensor_to_mesh(MeshShape mesh, int dim) {
  return shard_tensor_2d_mesh(mesh, {dim, dim});
}

Distribution shard_tensor_2d_mesh(MeshShape mesh, std::array<std::optional<int>, 2> dims) {
  Distribution distribution{.mesh = mesh, .placements = {}};
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    if (dims[axis]) distribution.placements[axis] = shard(*dims[axis]);
  }
  return normalised(distribution);
}

HostTensor concat_mesh_to_tensor(const std::vector<HostTensor>& shards, int dim) {
  if (shards.empty()) {
    throw std::invalid_argument("[concat_mesh_to_tensor] no shards, needs at least one");
  }
  return concat(shards, dim, "concat_mesh_to_tensor");
}

HostTensor concat_mesh_2d_to_tensor(const std::vector<HostTensor>& shards, MeshShape mesh,
                                    std::array<int, 2> dims) {
  constexpr const char* kFunction = "concat_mesh_2d_to_tensor";
  if (shards.size() != static_cast<std::size_t>(mesh.size()) || shards.empty()) {
    throw std::invalid_argument(fmt::format("[{}] {} shards, needs {} for a {} mesh", kFunction,
                                            shards.size(), mesh.size(), to_string(mesh)));
  }
  const Shape& shape = shards.front().shape;
  if (shape.index(dims[0]) == shape.index(dims[1])) {
    throw std::invalid_argument(fmt::format("[{}] dims are {} and {}, needs two different ones",
                                            kFunction, dims[0], dims[1]));
  }
  const auto cols = static_cast<std::size_t>(mesh.cols);
  std::vector<HostTensor> rows;
  for (std::size_t row = 0; row < static_cast<std::size_t>(mesh.rows); ++row) {
    rows.push_back(concat(std::span(shards).subspan(row * cols, cols), dims[1], kFunction));
  }
  return concat(rows, dims[0], kFunction);
}

}  // namespace ttmesh::mesh
