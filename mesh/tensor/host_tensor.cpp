#include "mesh/tensor/host_tensor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

#include "mesh/tensor/convert.hpp"

namespace ttmesh::mesh {
namespace {

// Calls visit(position in the whole, position in the part, count) for each run of adjacent values
// of the part that begins at `origin`.
template <typename Visit>
void for_each_run(const Shape& whole, const Shape& part, const Shape& origin, Visit visit) {
  // Dims from `inner` on are complete, so a run spans them and the dim before them.
  int inner = part.rank();
  while (inner > 0 && part[inner - 1] == whole[inner - 1]) --inner;
  const int run_dim = std::max(inner - 1, 0);
  std::int64_t run = 1;
  for (int dim = run_dim; dim < part.rank(); ++dim) run *= part[dim];

  for (std::int64_t at = 0; at < part.volume(); at += run) {
    std::int64_t rest = at;
    std::int64_t position = 0;
    std::int64_t stride = 1;
    for (int dim = part.rank() - 1; dim >= 0; --dim) {
      position += (origin[dim] + rest % part[dim]) * stride;
      rest /= part[dim];
      stride *= whole[dim];
    }
    visit(static_cast<std::size_t>(position), static_cast<std::size_t>(at),
          static_cast<std::size_t>(run));
  }
}

void require_values(const char* function, const HostTensor& tensor, DataType dtype) {
  const std::size_t count = std::visit([](const auto& v) { return v.size(); }, tensor.values);
  if (static_cast<std::int64_t>(count) != tensor.shape.volume()) {
    throw std::invalid_argument(fmt::format("[{}] {} values for {}, needs {}", function, count,
                                            to_string(tensor.shape), tensor.shape.volume()));
  }
  const bool matches =
      is_floating(dtype)         ? std::holds_alternative<std::vector<float>>(tensor.values)
      : dtype == DataType::Int32 ? std::holds_alternative<std::vector<std::int32_t>>(tensor.values)
      : dtype == DataType::UInt32
          ? std::holds_alternative<std::vector<std::uint32_t>>(tensor.values)
          : std::holds_alternative<std::vector<std::uint16_t>>(tensor.values);
  if (!matches) {
    throw std::invalid_argument(
        fmt::format("[{}] values are of another type than {}, needs {}", function, name(dtype),
                    is_floating(dtype) ? "float" : "the same integer type"));
  }
}

template <typename T>
std::vector<T> zeros(std::int64_t count) {
  return std::vector<T>(static_cast<std::size_t>(count));
}

HostTensor::Values make_values(HeldType type, std::int64_t count) {
  switch (type) {
    case HeldType::Float32:
    case HeldType::Bfloat16:
      return zeros<float>(count);
    case HeldType::Int32:
      return zeros<std::int32_t>(count);
    case HeldType::UInt32:
      return zeros<std::uint32_t>(count);
    case HeldType::UInt16:
      return zeros<std::uint16_t>(count);
  }
  return {};
}

// Copies values of a block from `at` on to the host's vector from `to` on.
void read(const Block& block, const Buffer& plain, std::size_t at, std::size_t count,
          HostTensor::Values& out, std::size_t to) {
  std::visit(
      [&]<typename T>(std::vector<T>& into) {
        if constexpr (std::is_same_v<T, float>) {
          if (block.type() == HeldType::Bfloat16) {
            to_float(values<Bfloat16>(plain).subspan(at, count),
                     std::span(into).subspan(to, count));
            return;
          }
        }
        std::ranges::copy(values<T>(plain).subspan(at, count),
                          into.begin() + static_cast<std::ptrdiff_t>(to));
      },
      out);
}

void require_on_mesh(const char* function, MeshShape mesh, Coordinate chip) {
  if (chip.row < 0 || chip.row >= mesh.rows || chip.col < 0 || chip.col >= mesh.cols) {
    throw std::invalid_argument(fmt::format("[{}] chip ({}, {}), needs one of a {} mesh", function,
                                            chip.row, chip.col, to_string(mesh)));
  }
}

// Whether a chip before this one holds the same part.
bool is_replica(const Distribution& distribution, Coordinate chip) {
  for (const int axis : {0, 1}) {
    const bool same = distribution.along(axis).kind != Placement::Kind::Shard;
    if (same && chip.along(axis) != 0) return true;
  }
  return false;
}

}  // namespace

Shard shard_of(const HostTensor& global, const TensorSpec& spec, Coordinate chip) {
  require_no_partial("shard_of", spec.distribution);
  require_on_mesh("shard_of", spec.distribution.mesh, chip);
  require_values("shard_of", global, spec.dtype);
  const Shape needed = global_shape(spec.shape, spec.distribution);
  if (global.shape != needed) {
    throw std::invalid_argument(fmt::format("[shard_of] tensor of {} for {}, needs {}",
                                            to_string(global.shape), to_string(spec),
                                            to_string(needed)));
  }
  const HeldType type = held_type(spec.dtype);
  const std::int64_t row_length = spec.shape.rank() == 0 ? 1 : spec.shape[-1];
  auto buffer =
      std::make_shared<Buffer>(static_cast<std::size_t>(spec.shape.volume() * held_bytes(type)));
  std::visit(
      [&]<typename T>(const std::vector<T>& from) {
        for_each_run(global.shape, spec.shape, local_origin(spec.shape, spec.distribution, chip),
                     [&](std::size_t at, std::size_t to, std::size_t count) {
                       const std::span<const T> in = std::span(from).subspan(at, count);
                       if constexpr (std::is_same_v<T, float>) {
                         if (type == HeldType::Bfloat16) {
                           quantise(in, values<Bfloat16>(*buffer).subspan(to, count), spec.dtype,
                                    row_length);
                           return;
                         }
                       }
                       std::ranges::copy(in, values<T>(*buffer).subspan(to, count).begin());
                     });
      },
      global.values);
  return Shard(std::make_shared<const Block>(spec.shape, type, std::move(buffer)));
}

HostTensor compose(const std::vector<Shard>& shards, const TensorSpec& spec) {
  const Distribution& distribution = spec.distribution;
  require_no_partial("compose", distribution);
  if (shards.size() != static_cast<std::size_t>(distribution.mesh.size())) {
    throw std::invalid_argument(fmt::format("[compose] {} shards, needs {} for a {} mesh",
                                            shards.size(), distribution.mesh.size(),
                                            to_string(distribution.mesh)));
  }
  HostTensor global{.shape = global_shape(spec.shape, distribution), .values = {}};
  global.values = make_values(held_type(spec.dtype), global.shape.volume());
  for (int i = 0; i < distribution.mesh.size(); ++i) {
    const Coordinate chip{i / distribution.mesh.cols, i % distribution.mesh.cols};
    if (is_replica(distribution, chip)) continue;
    const Shard& shard = shards[static_cast<std::size_t>(i)];
    if (shard.shape() != spec.shape) {
      throw std::invalid_argument(fmt::format("[compose] shard {} has shape {}, needs {}", i,
                                              to_string(shard.shape()), to_string(spec.shape)));
    }
    const BlockPtr block = flatten(shard);
    if (block->type() != held_type(spec.dtype)) {
      throw std::invalid_argument(
          fmt::format("[compose] shard {} is not held as {}, needs to be", i, name(spec.dtype)));
    }
    const std::shared_ptr<const Buffer> plain = block->plain();
    for_each_run(global.shape, spec.shape, local_origin(spec.shape, distribution, chip),
                 [&](std::size_t to, std::size_t at, std::size_t count) {
                   read(*block, *plain, at, count, global.values, to);
                 });
  }
  return global;
}

HostTensor to_host(const Shard& shard) {
  const BlockPtr block = flatten(shard);
  HostTensor tensor{.shape = block->shape(),
                    .values = make_values(block->type(), block->shape().volume())};
  read(*block, *block->plain(), 0, static_cast<std::size_t>(block->shape().volume()), tensor.values,
       0);
  return tensor;
}

}  // namespace ttmesh::mesh
