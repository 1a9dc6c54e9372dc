#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace ttmesh::modules {

/// How far a long piece of work has come.
struct Progress {
  std::string_view stage;  ///< "weights", "warm-up", "reference"
  std::int64_t done = 0;
  std::int64_t total = 0;
};

/// Called at the beginning, after every part and at the end of a stage, on the caller's thread.
using ProgressCallback = std::function<void(const Progress&)>;

}  // namespace ttmesh::modules
