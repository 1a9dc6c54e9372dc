#include "ops/box.hpp"

#include <cstring>
#include <memory>
#include <utility>

#include "ops/held_values.hpp"

namespace ttmesh::ops {

mesh::BlockPtr cut(const mesh::Block& block, const Box& box, mesh::DataType dtype) {
  const auto& [begin, shape] = box;
  const std::shared_ptr<const mesh::Buffer> from = block.plain();
  const std::int64_t value_bytes = mesh::held_bytes(block.type());
  auto to = std::make_shared<mesh::Buffer>(static_cast<std::size_t>(shape.volume() * value_bytes));

  // A run is what lies together in both: the last dim, and those before it that are taken whole.
  std::int64_t run = 1;
  int runs_dims = shape.rank();
  while (runs_dims > 0) {
    --runs_dims;
    run *= shape[runs_dims];
    if (shape[runs_dims] != block.shape()[runs_dims]) break;
  }
  const std::int64_t runs = run == 0 ? 0 : shape.volume() / run;
  const auto run_bytes = static_cast<std::size_t>(run * value_bytes);
  for (std::int64_t i = 0; i < runs; ++i) {
    std::int64_t offset = 0;
    std::int64_t stride = 1;
    std::int64_t rest = i;
    for (int dim = shape.rank() - 1; dim >= 0; --dim) {
      const bool in_run = dim >= runs_dims;
      const std::int64_t index = in_run ? 0 : rest % shape[dim];
      if (!in_run) rest /= shape[dim];
      offset += (begin[dim] + index) * stride;
      stride *= block.shape()[dim];
    }
    std::memcpy(to->data() + static_cast<std::size_t>(i) * run_bytes,
                from->data() + offset * value_bytes, run_bytes);
  }
  auto part = std::make_shared<const mesh::Block>(shape, block.type(), std::move(to));
  // Values that leave a run change nothing in the others; values of two runs in one do.
  const bool keeps_runs = shape.rank() == 0 || begin[-1] % kSharedExponentRun == 0;
  return keeps_runs ? part : regrouped(std::move(part), dtype);
}

}  // namespace ttmesh::ops
