#pragma once

#include <stdexcept>
#include <string>

namespace ttmesh::ops {

/// What the std::invalid_argument that `call` throws says, or "accepted".
template <typename Call>
std::string refusal(const Call& call) {
  try {
    (void)call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace ttmesh::ops
