#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "mesh/topology/error.hpp"

namespace ttmesh::mesh {

/// Why a command has no result. It travels instead of the values; a read throws it.
struct Failure {
  std::uint64_t command;  ///< The command that failed first.
  ErrorCode code;
  std::string what;
};

using FailurePtr = std::shared_ptr<const Failure>;

/// The failure of the lower-numbered command; null only if both are.
[[nodiscard]] inline FailurePtr earlier(const FailurePtr& a, const FailurePtr& b) {
  if (!a || !b) return a ? a : b;
  return b->command < a->command ? b : a;
}

}  // namespace ttmesh::mesh
