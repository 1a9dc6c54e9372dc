#pragma once

#include "ops/combination.hpp"

namespace ttmesh::ops {

/// Throws std::invalid_argument, naming the all_gather that is missing, if a mesh axis shards `dim`
/// of the operand: "[softmax] input is Shard(3) along cluster_axis 1, needs dim 3 whole on each
/// chip: all_gather with dim 3 and cluster_axis 1 first".
void require_whole_dim(const char* op, Operand operand, int dim);

/// Throws std::invalid_argument if the operand is not the same on all chips.
void require_replicated(const char* op, Operand operand);

/// Throws std::invalid_argument if the operand owes a sum, naming what pays it.
void require_paid(const char* op, Operand operand);

/// Throws std::invalid_argument unless both lie on one mesh.
void require_one_mesh(const char* op, Operand a, Operand b);

/// Throws std::invalid_argument if the operand holds integers.
void require_floating(const char* op, Operand operand);

}  // namespace ttmesh::ops
