#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "mesh/program/op_table.hpp"
#include "mesh/tensor/block.hpp"
#include "mesh/tensor/convert.hpp"
#include "mesh/tensor/host_tensor.hpp"
#include "mesh/tensor/random.hpp"
#include "mesh/tensor/shard.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "ops/op_table.hpp"

namespace ttmesh::ops {

/// One call of an op of the table, without a device.
class OpTrial {
 public:
  OpTrial(const std::string& op, mesh::Attributes attributes, std::vector<mesh::TensorSpec> inputs)
      : definition_(table().at(op)),
        attributes_(std::move(attributes)),
        inputs_(std::move(inputs)) {}

  mesh::TensorSpec infer() const { return infer_all().front(); }

  std::vector<mesh::TensorSpec> infer_all() const {
    return definition_.infer({attributes_, inputs_, {}});
  }

  sim::Work cost() const {
    const std::vector<mesh::TensorSpec> outputs = infer_all();
    return definition_.cost({attributes_, inputs_, outputs});
  }

  mesh::Shard run(const std::vector<mesh::Shard>& shards, mesh::Coordinate chip = {}) const {
    return run_all(shards, chip).front();
  }

  std::vector<mesh::Shard> run_all(const std::vector<mesh::Shard>& shards,
                                   mesh::Coordinate chip = {}) const {
    const std::vector<mesh::TensorSpec> outputs = infer_all();
    const mesh::OpCall call{attributes_, inputs_, outputs};
    std::vector<mesh::Shard> prepared;
    if (definition_.prepare) prepared = definition_.prepare(call, shards.front());
    return definition_.run({call, shards, chip, nullptr, prepared});
  }

  std::uint64_t position_key(mesh::Coordinate chip) const {
    const std::vector<mesh::TensorSpec> outputs{infer()};
    return definition_.position_key({attributes_, inputs_, outputs}, chip);
  }

  const mesh::OpDefinition& definition() const { return definition_; }

 private:
  static const mesh::OpTable& table() {
    static const mesh::OpTable kOps = [] {
      mesh::OpTable filled;
      register_ops(filled);
      return filled;
    }();
    return kOps;
  }

  const mesh::OpDefinition& definition_;
  mesh::Attributes attributes_;
  std::vector<mesh::TensorSpec> inputs_;
};

/// A shard of `spec` on one chip with the values of `numbers`, rounded to its dtype.
inline mesh::Shard shard_with(const mesh::TensorSpec& spec, std::vector<float> numbers) {
  const auto rounded = [&] {
    std::vector<float> out(numbers.size());
    mesh::quantise(numbers, out, spec.dtype, spec.shape[-1]);
    return out;
  };
  std::shared_ptr<mesh::Buffer> buffer;
  if (mesh::held_type(spec.dtype) == mesh::HeldType::Float32) {
    buffer = std::make_shared<mesh::Buffer>(numbers.size() * sizeof(float));
    std::copy(numbers.begin(), numbers.end(), mesh::values<float>(*buffer).begin());
  } else {
    buffer = std::make_shared<mesh::Buffer>(numbers.size() * sizeof(mesh::Bfloat16));
    std::size_t at = 0;
    for (const float value : rounded()) {
      mesh::values<mesh::Bfloat16>(*buffer)[at++] = mesh::to_bfloat16(value);
    }
  }
  return mesh::Shard(
      std::make_shared<const mesh::Block>(spec.shape, mesh::held_type(spec.dtype), buffer));
}

/// A shard of N(0, 1) values.
inline mesh::Shard random_shard(const mesh::TensorSpec& spec, std::uint64_t stream) {
  std::vector<float> numbers(static_cast<std::size_t>(spec.shape.volume()));
  mesh::fill_normal({.seed = 7, .stream = stream}, 0, 1.0F, numbers);
  return shard_with(spec, std::move(numbers));
}

inline std::vector<float> floats(const mesh::Shard& shard) { return mesh::to_host(shard).floats(); }

/// A shard of int32 values.
inline mesh::Shard int_shard(const mesh::Shape& shape, const std::vector<std::int32_t>& numbers) {
  auto buffer = std::make_shared<mesh::Buffer>(numbers.size() * sizeof(std::int32_t));
  std::copy(numbers.begin(), numbers.end(), mesh::values<std::int32_t>(*buffer).begin());
  return mesh::Shard(std::make_shared<const mesh::Block>(shape, mesh::HeldType::Int32, buffer));
}

inline std::vector<std::int32_t> integers(const mesh::Shard& shard) {
  return std::get<std::vector<std::int32_t>>(mesh::to_host(shard).values);
}

}  // namespace ttmesh::ops
