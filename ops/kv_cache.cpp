#include "ops/kv_cache.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/held_values.hpp"
#include "ops/integer_values.hpp"
#include "ops/kv_cache_rows.hpp"
#include "ops/pages.hpp"

namespace ttmesh::ops {
namespace {

using mesh::OpCall;
using mesh::OpRun;
using mesh::Placement;
using mesh::Shard;
using mesh::TensorSpec;

constexpr int kUsersDim = 0;  ///< Of a cache; a paged one has the blocks of its users there.
constexpr int kHeadsDim = 1;

[[noreturn]] void refuse(const std::string& op, const std::string& what) {
  throw std::invalid_argument(fmt::format("[{}] {}", op, what));
}

/// Dims of a tensor that go with the users and the heads of the cache; -1: it has none.
struct Roles {
  const char* what;
  int users;
  int heads;
};

/// Checks that a tensor is placed as the cache is.
void check_placement(const char* op, const TensorSpec& cache, const TensorSpec& tensor,
                     const Roles& roles) {
  for (const int axis : {0, 1}) {
    const Placement held = cache.distribution.along(axis);
    const Placement found = tensor.distribution.along(axis);
    Placement needed = mesh::replicate();
    if (held == mesh::shard(kHeadsDim) && roles.heads >= 0) needed = mesh::shard(roles.heads);
    if (held == mesh::shard(kUsersDim) && roles.users >= 0) needed = mesh::shard(roles.users);
    const bool known = held == mesh::replicate() || held == mesh::shard(kHeadsDim) ||
                       held == mesh::shard(kUsersDim);
    if (!known) {
      refuse(op, fmt::format("the cache is {}, heads on Shard(1) and users on Shard(0) are needed",
                             to_string(cache.distribution)));
    }
    if (found == needed) continue;
    refuse(op,
           fmt::format("{} {} with a cache {}; along cluster_axis {} {} is needed{}", roles.what,
                       to_string(tensor.distribution), to_string(cache.distribution), axis,
                       to_string(needed),
                       found == mesh::partial() ? "; reduce_scatter or all_reduce it first" : ""));
  }
}

void check_rank(const char* op, const TensorSpec& tensor, const char* what, int rank) {
  if (tensor.shape.rank() == rank) return;
  refuse(op, fmt::format("{} {}, rank {} is needed", what, to_string(tensor.shape), rank));
}

void check_integers(const char* op, const TensorSpec& tensor, const char* what) {
  if (!mesh::is_floating(tensor.dtype)) return;
  refuse(op, fmt::format("{} {}, integers are needed", what, mesh::name(tensor.dtype)));
}

/// Users of the whole mesh, `local` of whom are on a chip.
std::int64_t all_users(const TensorSpec& cache, std::int64_t local) {
  for (const int axis : {0, 1}) {
    if (cache.distribution.along(axis) == mesh::shard(kUsersDim)) {
      local *= cache.distribution.mesh.extent(axis);
    }
  }
  return local;
}

/// Which part of the users a chip has.
std::int64_t users_part(const TensorSpec& cache, mesh::Coordinate chip) {
  std::int64_t part = 0;
  for (const int axis : {0, 1}) {
    if (cache.distribution.along(axis) != mesh::shard(kUsersDim)) continue;
    part = part * cache.distribution.mesh.extent(axis) + (axis == 0 ? chip.row : chip.col);
  }
  return part;
}

std::vector<TensorSpec> check_fill(const char* op, const OpCall& call, bool paged) {
  const TensorSpec& cache = call.inputs[0];
  const TensorSpec& input = call.inputs[1];
  check_rank(op, cache, "the cache is", 4);
  check_rank(op, input, "the input is", 4);
  check_placement(op, cache, input, {.what = "input", .users = -1, .heads = 1});
  std::int64_t users = cache.shape[0];
  std::int64_t positions = cache.shape[2];
  if (paged) {
    const TensorSpec& table = call.inputs[2];
    check_rank(op, table, "the page table is", 2);
    check_integers(op, table, "the page table is");
    check_placement(op, cache, table, {.what = "page table", .users = 0, .heads = -1});
    users = table.shape[0];
    positions *= table.shape[1];
  }
  const bool fits = input.shape[0] == 1 && input.shape[1] == cache.shape[1] &&
                    input.shape[2] <= positions && input.shape[3] == cache.shape[3];
  if (!fits) {
    refuse(op, fmt::format("input {} for a cache {}; [1, {}, up to {}, {}] is needed",
                           to_string(input.shape), to_string(cache.shape), cache.shape[1],
                           positions, cache.shape[3]));
  }
  const std::int64_t user = call.attributes.integer("user");
  const std::int64_t all = all_users(cache, users);
  if (user < 0 || user >= all) {
    refuse(op, fmt::format("there is no user {}, the cache has users 0 to {}", user, all - 1));
  }
  return {};
}

sim::Work fill_cost(const OpCall& call) {
  const TensorSpec& cache = call.inputs[0];
  const TensorSpec& input = call.inputs[1];
  TensorSpec written = input;
  written.dtype = cache.dtype;
  written.memory = cache.memory;
  sim::StreamWork work;
  for (const TensorSpec* each : {&input, &std::as_const(written)}) {
    const bool dram = each->memory.buffer == sim::BufferType::Dram;
    (dram ? work.dram_bytes : work.l1_bytes) += chip_bytes(*each);
  }
  return work;
}

Shard fill(Shard own, const OpRun& run, const Pages& pages, std::int64_t local_users) {
  const TensorSpec& cache = run.call.inputs[0];
  const std::int64_t user =
      run.call.attributes.integer("user") - users_part(cache, run.chip) * local_users;
  if (user < 0 || user >= local_users) return own;  // Other chips have this user.
  CacheRows rows(std::move(own), cache);
  FloatReader input(run.inputs[1].block());
  const std::span<const float> values = input.all();
  const mesh::Shape& shape = run.call.inputs[1].shape;
  const auto width = static_cast<std::size_t>(shape[3]);
  for (std::int64_t position = 0; position < shape[2]; ++position) {
    const Pages::Place place = pages.of(user, position);
    for (std::int64_t head = 0; head < shape[1]; ++head) {
      const auto row = static_cast<std::size_t>(head * shape[2] + position);
      rows.write(place.first, head, place.position, values.subspan(row * width, width));
    }
  }
  return rows.finish();
}

std::vector<TensorSpec> check_update(const OpCall& call) {
  constexpr const char* kOp = "paged_update_cache";
  const TensorSpec& cache = call.inputs[0];
  const TensorSpec& input = call.inputs[1];
  const TensorSpec& positions = call.inputs[2];
  check_rank(kOp, cache, "the cache is", 4);
  check_rank(kOp, input, "the input is", 4);
  check_rank(kOp, positions, "the positions are", 1);
  check_integers(kOp, positions, "the positions are");
  check_placement(kOp, cache, input, {.what = "input", .users = 1, .heads = 2});
  check_placement(kOp, cache, positions, {.what = "positions", .users = 0, .heads = -1});
  std::int64_t users = cache.shape[0];
  if (call.inputs.size() > 3) {
    const TensorSpec& table = call.inputs[3];
    check_rank(kOp, table, "the page table is", 2);
    check_integers(kOp, table, "the page table is");
    check_placement(kOp, cache, table, {.what = "page table", .users = 0, .heads = -1});
    users = table.shape[0];
  }
  const bool fits = input.shape[0] == 1 && input.shape[1] == users &&
                    input.shape[2] >= cache.shape[1] && input.shape[3] == cache.shape[3] &&
                    positions.shape[0] == users;
  if (!fits) {
    refuse(kOp,
           fmt::format("input {} and positions {} for a cache {} of {} users; [1, {}, {} or "
                       "more, {}] and [{}] are needed",
                       to_string(input.shape), to_string(positions.shape), to_string(cache.shape),
                       users, users, cache.shape[1], cache.shape[3], users));
  }
  return {};
}

sim::Work update_cost(const OpCall& call) {
  const TensorSpec& cache = call.inputs[0];
  const TensorSpec& input = call.inputs[1];
  const std::int64_t tiles = (cache.shape[3] + mesh::kTileExtent - 1) / mesh::kTileExtent;
  const std::int64_t changed =
      2 * input.shape[1] * cache.shape[1] * tiles * mesh::tile_bytes(cache.dtype);
  sim::StreamWork work;
  (cache.memory.buffer == sim::BufferType::Dram ? work.dram_bytes : work.l1_bytes) += changed;
  (input.memory.buffer == sim::BufferType::Dram ? work.dram_bytes : work.l1_bytes) +=
      chip_bytes(input);
  return work;
}

Shard update(Shard own, const OpRun& run) {
  const TensorSpec& cache = run.call.inputs[0];
  const mesh::Shape& shape = run.call.inputs[1].shape;
  const std::vector<std::int64_t> positions = integer_values(run.inputs[2].block());
  const Pages pages = run.inputs.size() > 3 ? Pages(cache, run.inputs[3].block()) : Pages(cache);
  CacheRows rows(std::move(own), cache);
  FloatReader input(run.inputs[1].block());
  const std::span<const float> values = input.all();
  const auto width = static_cast<std::size_t>(shape[3]);
  for (std::int64_t user = 0; user < shape[1]; ++user) {
    const std::int64_t position = positions[static_cast<std::size_t>(user)];
    if (position < 0) continue;
    const Pages::Place place = pages.of(user, position);
    for (std::int64_t head = 0; head < cache.shape[1]; ++head) {
      const auto row = static_cast<std::size_t>(user * shape[2] + head);
      rows.write(place.first, head, place.position, values.subspan(row * width, width));
    }
  }
  return rows.finish();
}

mesh::Attributes user_attributes(int user) { return {{"user", std::int64_t{user}}}; }

}  // namespace

void fill_cache(const mesh::Tensor& cache, const mesh::Tensor& input, int user) {
  cache.device().enqueue("fill_cache", std::array{cache, input}, user_attributes(user));
}

void paged_fill_cache(const mesh::Tensor& cache, const mesh::Tensor& input,
                      const mesh::Tensor& page_table, int user) {
  cache.device().enqueue("paged_fill_cache", std::array{cache, input, page_table},
                         user_attributes(user));
}

void paged_update_cache(const mesh::Tensor& cache, const mesh::Tensor& input,
                        const mesh::Tensor& positions,
                        const std::optional<mesh::Tensor>& page_table) {
  std::vector<mesh::Tensor> inputs{cache, input, positions};
  if (page_table) inputs.push_back(*page_table);
  cache.device().enqueue("paged_update_cache", inputs, {});
}

mesh::OpDefinition fill_cache_definition() {
  mesh::OpDefinition definition;
  definition.infer = [](const OpCall& call) { return check_fill("fill_cache", call, false); };
  definition.cost = fill_cost;
  definition.update = [](Shard own, const OpRun& run) {
    const TensorSpec& cache = run.call.inputs[0];
    return fill(std::move(own), run, Pages(cache), cache.shape[0]);
  };
  return definition;
}

mesh::OpDefinition paged_fill_cache_definition() {
  mesh::OpDefinition definition;
  definition.infer = [](const OpCall& call) { return check_fill("paged_fill_cache", call, true); };
  definition.cost = fill_cost;
  definition.update = [](Shard own, const OpRun& run) {
    const mesh::Block& table = run.inputs[2].block();
    return fill(std::move(own), run, Pages(run.call.inputs[0], table), table.shape()[0]);
  };
  return definition;
}

mesh::OpDefinition paged_update_cache_definition() {
  mesh::OpDefinition definition;
  definition.infer = check_update;
  definition.cost = update_cost;
  definition.update = update;
  return definition;
}

}  // namespace ttmesh::ops
