#include "ops/placement_text.hpp"

#include <fmt/format.h>

namespace ttmesh::ops {

std::string to_string(const mesh::Placement& placement) {
  switch (placement.kind) {
    case mesh::Placement::Kind::Replicate:
      return "Replicate";
    case mesh::Placement::Kind::Shard:
      return fmt::format("Shard({})", placement.dim);
    case mesh::Placement::Kind::Partial:
      return "Partial";
    case mesh::Placement::Kind::Stacked:
      return fmt::format("Stacked({})", placement.dim);
  }
  return "";
}

}  // namespace ttmesh::ops
