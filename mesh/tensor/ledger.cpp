#include "mesh/tensor/ledger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "mesh/topology/error.hpp"

namespace ttmesh::mesh {
namespace {

[[noreturn]] void throw_out_of_memory(const char* op, const TensorSpec& spec, ChipId chip,
                                      std::int64_t needed, std::int64_t used,
                                      std::int64_t capacity) {
  const bool in_l1 = spec.memory.buffer == BufferType::L1;
  throw Error(
      ErrorCode::OutOfMemory,
      fmt::format("[{}] out of {} on chip {}: {} needs {} bytes, {} are in use and {} of {} "
                  "available; options: shard it over more chips, a smaller batch, lower "
                  "precision (bfp8_b, bfp4_b){}",
                  op, in_l1 ? "L1" : "DRAM", chip, to_string(spec), needed, used, capacity - used,
                  capacity, in_l1 ? ", DRAM instead of L1" : ""));
}

}  // namespace

MemoryLedger::MemoryLedger(int chips, const sim::ChipModel& chip)
    : dram_capacity_(chip.dram_bytes),
      l1_capacity_(chip.l1_bytes()),
      usage_(static_cast<std::size_t>(chips)) {}

void MemoryLedger::allocate(const char* op, const TensorSpec& spec, std::span<const ChipId> chips) {
  const BufferType buffer = spec.memory.buffer;
  const std::int64_t bytes = chip_bytes(spec);
  for (const ChipId chip : chips) {
    if (bytes > capacity(buffer) - used(chip, buffer)) {
      throw_out_of_memory(op, spec, chip, bytes, used(chip, buffer), capacity(buffer));
    }
  }
  for (const ChipId chip : chips) {
    Usage& usage = usage_[static_cast<std::size_t>(chip)];
    if (buffer == BufferType::Dram) {
      usage.dram += bytes;
      usage.peak_dram = std::max(usage.peak_dram, usage.dram);
    } else {
      usage.l1 += bytes;
      usage.peak_l1 = std::max(usage.peak_l1, usage.l1);
    }
  }
}

void MemoryLedger::release(const TensorSpec& spec, std::span<const ChipId> chips) {
  const std::int64_t bytes = chip_bytes(spec);
  for (const ChipId chip : chips) {
    Usage& usage = usage_[static_cast<std::size_t>(chip)];
    std::int64_t& used = spec.memory.buffer == BufferType::Dram ? usage.dram : usage.l1;
    assert(used >= bytes);
    used -= bytes;
  }
}

std::int64_t MemoryLedger::used(ChipId chip, BufferType buffer) const {
  const Usage& usage = usage_.at(static_cast<std::size_t>(chip));
  return buffer == BufferType::Dram ? usage.dram : usage.l1;
}

std::int64_t MemoryLedger::peak(ChipId chip, BufferType buffer) const {
  const Usage& usage = usage_.at(static_cast<std::size_t>(chip));
  return buffer == BufferType::Dram ? usage.peak_dram : usage.peak_l1;
}

std::int64_t MemoryLedger::capacity(BufferType buffer) const {
  return buffer == BufferType::Dram ? dram_capacity_ : l1_capacity_;
}

}  // namespace ttmesh::mesh
