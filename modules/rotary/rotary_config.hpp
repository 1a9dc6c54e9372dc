#pragma once

#include <cstdint>
#include <optional>

#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/dtype.hpp"
#include "modules/rotary/rotary_frequencies.hpp"

namespace ttmesh::modules {

/// What a rotary setup is made for.
struct RotaryConfig {
  mesh::MeshDevice device;
  std::int64_t head_dim;
  std::int64_t max_seq_len;  ///< Positions of the tables.
  double theta = 10000;
  std::optional<RotaryScaling> scaling{};
  int max_batch_size = 32;                          ///< Users of a decode, over the whole mesh.
  mesh::DataType dtype = mesh::DataType::Bfloat16;  ///< Of the tables: bf16 or f32.
  bool use_qk_fused = false;  ///< Users twice in decode, for rotary_embedding_llama_fused_qk.
};

}  // namespace ttmesh::modules
