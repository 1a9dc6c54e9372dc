#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "mesh/tensor/dtype.hpp"

namespace ttmesh::ops {

/// A matrix product as oneDNN prepares it: `batches` x [m, k] * [k, n], row-major.
///
/// A prepared product is made once for its shape and shared by all threads; each thread keeps its
/// own arguments and scratch memory.
struct OneDnnMatmul {
  std::int64_t batches = 1;
  std::int64_t m = 0;
  std::int64_t k = 0;
  std::int64_t n = 0;
  bool a_repeats = false;                        ///< One a for all batches.
  std::int64_t c_stride = 0;                     ///< Elements between rows of c.
  mesh::HeldType in = mesh::HeldType::Float32;   ///< Of a and b: Float32 or Bfloat16.
  mesh::HeldType out = mesh::HeldType::Float32;  ///< Of c; Bfloat16 needs Bfloat16 inputs.
  bool b_packed = false;                         ///< `b` comes from `pack`; one batch.
  bool b_transposed = false;                     ///< `b` is [n, k], row-major; one batch.
  bool accumulates = false;                      ///< c += a * b.
  int threads = 1;                               ///< OpenMP threads that share the work.

  // NOLINTNEXTLINE(modernize-use-nullptr): the check takes the default for a null pointer.
  friend constexpr auto operator<=>(const OneDnnMatmul&, const OneDnnMatmul&) = default;
};

void execute(const OneDnnMatmul& product, const std::byte* a, const std::byte* b, std::byte* c);

/// A second operand that is packed the same way for every m.
struct PackedMatrix {
  std::int64_t k = 0;
  std::int64_t n = 0;
  mesh::HeldType type = mesh::HeldType::Float32;
};

/// Bytes of the packed order, which pads k and n.
[[nodiscard]] std::size_t packed_bytes(const PackedMatrix& matrix);
/// From row-major to packed order, and back.
void pack(const PackedMatrix& matrix, const std::byte* plain, std::byte* packed);
void unpack(const PackedMatrix& matrix, const std::byte* packed, std::byte* plain);

/// Whether the processor multiplies bfloat16 in hardware.
[[nodiscard]] bool has_native_bfloat16();

/// The instructions that oneDNN uses here, as its own setting DNNL_MAX_CPU_ISA names them.
[[nodiscard]] std::string onednn_instructions();
/// "3.1.1"
[[nodiscard]] std::string onednn_version();

}  // namespace ttmesh::ops
