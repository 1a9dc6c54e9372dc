#include "ops/integer_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

namespace ttmesh::ops {
namespace {

using mesh::HeldType;

template <typename T>
std::vector<std::int64_t> widened(const mesh::Buffer& buffer) {
  const auto values = mesh::values<T>(buffer);
  return {values.begin(), values.end()};
}

template <typename T>
std::shared_ptr<const mesh::Buffer> narrowed(std::span<const std::int64_t> values) {
  auto buffer = std::make_shared<mesh::Buffer>(values.size() * sizeof(T));
  std::transform(values.begin(), values.end(), mesh::values<T>(*buffer).begin(),
                 [](std::int64_t value) { return static_cast<T>(value); });
  return buffer;
}

}  // namespace

std::vector<std::int64_t> integer_values(const mesh::Block& block) {
  const auto plain = block.plain();
  switch (block.type()) {
    case HeldType::Int32:
      return widened<std::int32_t>(*plain);
    case HeldType::UInt32:
      return widened<std::uint32_t>(*plain);
    case HeldType::UInt16:
      return widened<std::uint16_t>(*plain);
    case HeldType::Float32:
    case HeldType::Bfloat16:
      break;
  }
  throw std::invalid_argument("[integer_values] the block holds floats, needs integers");
}

mesh::Shard integer_shard(const mesh::TensorSpec& spec, std::span<const std::int64_t> values) {
  const HeldType type = mesh::held_type(spec.dtype);
  const auto block = [&](std::shared_ptr<const mesh::Buffer> buffer) {
    return mesh::Shard(std::make_shared<const mesh::Block>(spec.shape, type, std::move(buffer)));
  };
  switch (type) {
    case HeldType::Int32:
      return block(narrowed<std::int32_t>(values));
    case HeldType::UInt32:
      return block(narrowed<std::uint32_t>(values));
    case HeldType::UInt16:
      return block(narrowed<std::uint16_t>(values));
    case HeldType::Float32:
    case HeldType::Bfloat16:
      break;
  }
  throw std::invalid_argument("[integer_shard] the dtype is floating-point, needs an integer one");
}

void require_integers(const char* op, Operand operand) {
  if (!mesh::is_floating(operand.spec.dtype)) return;
  throw std::invalid_argument(fmt::format("[{}] {} is {}, needs an integer dtype", op, operand.name,
                                          mesh::name(operand.spec.dtype)));
}

}  // namespace ttmesh::ops
