#pragma once

#include <unordered_map>

#include "mesh/program/command.hpp"
#include "mesh/program/failure.hpp"
#include "mesh/tensor/shard.hpp"
#include "sim/time.hpp"

namespace ttmesh::mesh {

/// What a chip holds of a tensor.
struct HeldShard {
  Shard shard;
  sim::Time ready;     ///< When it exists in virtual time.
  FailurePtr failure;  ///< Set if it could not be made.
};

/// A chip's tensors by id.
using ShardTable = std::unordered_map<TensorId, HeldShard>;

}  // namespace ttmesh::mesh
