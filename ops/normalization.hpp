#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ops {

/// What `rms_norm` and `layer_norm` share.
struct NormOptions {
  double epsilon = 1e-12;                ///< Added to the mean square before the root.
  std::optional<mesh::Tensor> weight{};  ///< One value for each of the last dim, in any shape.
  std::optional<mesh::Tensor> bias{};    ///< The same.
  std::optional<mesh::Tensor>
      residual_input_tensor{};                 ///< Of the input's shape; added to it first.
  std::optional<mesh::DataType> dtype{};       ///< That of the input if unset.
  std::optional<mesh::MemoryConfig> memory{};  ///< That of the input if unset.
};

/// About what rows are scaled.
enum class Centre : std::uint8_t { Zero, Mean };

/// Definition of `op`, which scales rows of the last dim to a mean square of 1 about the centre.
[[nodiscard]] mesh::OpDefinition norm_definition(std::string op, Centre centre);

/// Issues `op`.
[[nodiscard]] mesh::Tensor enqueue_norm(const char* op, const mesh::Tensor& input,
                                        const NormOptions& options);

/// The weight and the bias of a norm, as float32.
class Affine {
 public:
  /// Reads `inputs` from index `first` on: the weight and the bias, where "weight" and "bias" of
  /// the call say that they are there.
  Affine(const mesh::OpRun& run, std::size_t first);

  /// row = row * scale * weight + bias
  void apply(std::span<float> row, float scale) const;

 private:
  std::vector<float> weight_;
  std::vector<float> bias_;
};

/// The output of a norm: as the input, in the dtype and memory of the call. Throws
/// std::invalid_argument if that is no floating-point tensor that a chip can hold.
[[nodiscard]] mesh::TensorSpec norm_output(const char* op, const mesh::TensorSpec& input,
                                           const mesh::Attributes& attributes);

/// Passes of the matrix unit over the input that weight and bias add.
[[nodiscard]] std::int64_t affine_passes(const mesh::Attributes& attributes);

}  // namespace ttmesh::ops
