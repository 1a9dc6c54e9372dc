#include "modules/attention/attention_tensors.hpp"

#include <fmt/format.h>

#include <utility>

#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "modules/attention/attention_rules.hpp"
#include "modules/bias.hpp"
#include "ops/deallocate.hpp"
#include "ops/reshape.hpp"
#include "ops/typecast.hpp"

namespace ttmesh::modules {
namespace {

// Integers whose first dim is the users.
mesh::Tensor of_users(const AttentionConfig& config, const mesh::Shape& shape,
                      std::vector<std::int32_t> values) {
  const mesh::MeshShape mesh = config.device->shape();
  return mesh::from_host(
      *config.device, {.shape = shape, .values = std::move(values)},
      {.dtype = mesh::DataType::Int32,
       .layout = mesh::Layout::RowMajor,
       .distribution = is_grid(mesh) ? mesh::shard_tensor_2d_mesh(mesh, {std::nullopt, 0})
                                     : mesh::replicate_tensor_to_mesh(mesh)});
}

}  // namespace

void load_attention_weights(const AttentionConfig& config) {
  (void)config.wqkv.get_device_weight();
  (void)config.wo.get_device_weight();
  if (config.wqkv_bias) (void)config.wqkv_bias->get_device_weight();
  load(config.wo_bias);
}

mesh::Tensor attention_input(const AttentionConfig& config, const LazyWeight& x, Mode mode,
                             const mesh::Distribution& distribution) {
  return x
      .with_defaults(
          {.layout = mesh::Layout::Tile,
           .memory = mode == Mode::Decode ? *config.decode_input_memory : mesh::kDramInterleaved,
           .distribution = distribution,
           .device = config.device,
           .padded_shape = x.shape()})
      .make_device_tensor();
}

mesh::Tensor current_pos_tensor(const char* module, const AttentionConfig& config,
                                const std::vector<std::int64_t>& positions) {
  const std::int64_t users = *config.max_batch_size;
  if (static_cast<std::int64_t>(positions.size()) != users) {
    refuse(module, fmt::format("{} positions, needs one for each of the {} users, -1 for those who "
                               "idle",
                               positions.size(), users));
  }
  std::vector<std::int32_t> values;
  for (const std::int64_t position : positions) {
    if (position < -1 || position >= *config.max_seq_len) {
      refuse(module, fmt::format("position {}, needs -1 (idle) or one below max_seq_len {}",
                                 position, *config.max_seq_len));
    }
    values.push_back(static_cast<std::int32_t>(position));
  }
  return of_users(config, {users}, std::move(values));
}

mesh::Tensor page_table_tensor(const char* module, const AttentionConfig& config,
                               const std::vector<std::int32_t>& blocks) {
  if (!config.paged_attention) {
    refuse(module, "a page table for a contiguous cache, needs paged_attention in the config");
  }
  const std::int64_t users = *config.max_batch_size;
  const auto count = static_cast<std::int64_t>(blocks.size());
  if (count == 0 || count % users != 0) {
    refuse(module, fmt::format("a page table of {} blocks, needs as many for each of the {} users",
                               count, users));
  }
  for (const std::int32_t block : blocks) {
    if (block >= -1 && block < config.paged_attention->max_num_blocks) continue;
    refuse(module, fmt::format("block {} in a page table, needs -1 (none) or one of the {}", block,
                               config.paged_attention->max_num_blocks));
  }
  return of_users(config, {users, count / users}, blocks);
}

mesh::Tensor recast(const mesh::Tensor& tensor, mesh::DataType dtype) {
  if (tensor.dtype() == dtype) return tensor;
  mesh::Tensor result = ops::typecast(tensor, dtype);
  ops::deallocate(tensor);
  return result;
}

mesh::Tensor folded_above(const mesh::Tensor& rows, std::int64_t most) {
  const mesh::Shape& shape = rows.shape();
  if (shape[2] <= most || shape[2] % most != 0) return rows;
  return ops::reshape(rows, {1, shape[2] / most, most, shape[3]});
}

}  // namespace ttmesh::modules
