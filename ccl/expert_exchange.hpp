#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "ccl/groups.hpp"
#include "ccl/wiring.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ccl {

/// What a chip of a mixture of experts has to know to send and to place rows.
struct ExpertSeat {
  int index;                 ///< Of the chip in its group.
  std::vector<int> devices;  ///< By index in the group: the device's column in the mapping.
};

/// The two sides of an exchange of rows between chips. Inputs are the rows, the metadata (the
/// experts of all tokens of the group) and the mapping.
struct RowExchange {
  /// Rows for each chip of the group, by index.
  std::function<std::vector<std::int64_t>(const ExpertSeat&, std::span<const mesh::Shard> inputs)>
      rows;
  /// The chip's output from all rows of each chip of the group.
  std::function<mesh::Shard(const ExpertSeat&, std::span<const mesh::Piece> pieces,
                            std::span<const mesh::Shard> inputs)>
      assemble;
};

/// The schedule of such an exchange, in packets of 4 KiB. A chunk refers to all rows of its sender;
/// its bytes are those of the rows that are meant.
/// Slots: to each chip all own rows, then what each chip has sent.
[[nodiscard]] mesh::Schedule row_exchange_schedule(const mesh::CollectiveCall& call,
                                                   const RowExchange& exchange);

/// Attributes of a command by the options of the pair.
[[nodiscard]] mesh::Attributes row_exchange_attributes(const char* op,
                                                       const mesh::MeshDevice& device,
                                                       const WiringOptions& options,
                                                       const mesh::MemoryConfig& memory);

/// Throws std::invalid_argument, in the name of `op`, unless a call has its inputs: the rows, the
/// metadata and the mapping.
void check_inputs(const char* op, const mesh::OpCall& call);

/// Throws std::invalid_argument, in the name of `op`, unless the metadata and the mapping fit a
/// device: integers, row-major, rank 4, replicated, a column for each chip of the mesh.
void check_experts(const char* op, const mesh::Tensor& metadata, const mesh::Tensor& mapping);

/// The same for one of the tensors: rank 4 and row-major.
void check_row_major(const char* op, const char* what, const mesh::Tensor& tensor);

/// A block of `shape` whose rows `fill` writes, one after another; all 0 at first.
[[nodiscard]] mesh::Shard rows_of(const mesh::Shape& shape, mesh::HeldType type,
                                  const std::function<const std::byte*(std::int64_t row)>& source);

}  // namespace ttmesh::ccl
