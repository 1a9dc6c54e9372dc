#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mesh/tensor/tensor_spec.hpp"
#include "mesh/topology/topology.hpp"
#include "sim/chip_model.hpp"

namespace ttmesh::mesh {

/// Emulated memory in use on every chip: a plain value that the controller keeps in step with the
/// commands it issues.
class MemoryLedger {
 public:
  /// One entry a chip, all with the capacity of `chip`.
  MemoryLedger(int chips, const sim::ChipModel& chip);

  /// Books `spec` on each of `chips`. Throws mesh::Error(OutOfMemory) and books nothing if one of
  /// them lacks the room: names the op, the chip, bytes needed, in use and available, and the
  /// options (shard it over more chips, a smaller batch, lower precision, DRAM instead of L1).
  void allocate(const char* op, const TensorSpec& spec, std::span<const ChipId> chips);
  /// Returns what `allocate` booked.
  void release(const TensorSpec& spec, std::span<const ChipId> chips);

  std::int64_t used(ChipId chip, BufferType buffer) const;
  std::int64_t peak(ChipId chip, BufferType buffer) const;
  std::int64_t capacity(BufferType buffer) const;

 private:
  struct Usage {
    std::int64_t dram = 0;
    std::int64_t l1 = 0;
    std::int64_t peak_dram = 0;
    std::int64_t peak_l1 = 0;
  };

  std::int64_t dram_capacity_;
  std::int64_t l1_capacity_;
  std::vector<Usage> usage_;
};

}  // namespace ttmesh::mesh
