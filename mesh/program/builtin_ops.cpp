#include "mesh/program/builtin_ops.hpp"

#include "mesh/program/host_payload.hpp"
#include "mesh/program/spec_attributes.hpp"

namespace ttmesh::mesh {
namespace {

/// One pass over the tensor in the memory where it lives.
sim::Work one_pass(const TensorSpec& spec) {
  sim::StreamWork work;
  (spec.memory.buffer == BufferType::Dram ? work.dram_bytes : work.l1_bytes) = chip_bytes(spec);
  return work;
}

OpDefinition write_definition() {
  OpDefinition write;
  write.infer = [](const OpCall& call) {
    const TensorSpec spec = spec_of(call.attributes);
    validate(spec);
    return std::vector{spec};
  };
  write.cost = [](const OpCall& call) { return one_pass(call.outputs.front()); };
  write.run = [](const OpRun& run) { return std::vector{written_shard(run)}; };
  write.position_key = [](const OpCall& call, Coordinate chip) {
    const TensorSpec& spec = call.outputs.front();
    return part_index(spec.distribution, chip);
  };
  return write;
}

OpDefinition read_definition() {
  OpDefinition read;
  read.infer = [](const OpCall&) { return std::vector<TensorSpec>{}; };
  read.cost = [](const OpCall& call) { return one_pass(call.inputs.front()); };
  read.delivers = true;
  return read;
}

/// Carries the names of tensors to free when no other command does.
OpDefinition free_definition() {
  OpDefinition free;
  free.infer = [](const OpCall&) { return std::vector<TensorSpec>{}; };
  return free;
}

}  // namespace

void add_builtin_ops(OpTable& table) {
  table.add("write", write_definition());
  table.add("read", read_definition());
  table.add("free", free_definition());
}

}  // namespace ttmesh::mesh
