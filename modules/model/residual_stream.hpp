#pragma once

#include <cstdint>
#include <optional>

#include "mesh/device/tensor.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/mode.hpp"
#include "modules/model/model_config.hpp"

namespace ttmesh::modules {

/// The weight of a norm of rows, as a stream needs it: whole on each chip, and cut as its rows are.
struct StreamNorm {
  LazyWeight whole;
  LazyWeight part;
};

/// What lies between the modules of a decoder, on one chip or a line of N: rows of which each chip
/// has dim / N columns. Modules take whole rows: a decode gathers them and norms them on each chip;
/// a prefill norms what each chip has, by statistics that are gathered, and gathers the result.
/// Source: TTTv2's decoder around MLP1D and Attention1D.
class ResidualStream1D {
 public:
  explicit ResidualStream1D(const ModelConfig& config);

  StreamNorm norm(const WeightSource& weight) const;
  /// Rows of the embedding: indices [1, rows] -> [1, 1, rows, dim / N] in `memory`.
  mesh::Tensor embed(const mesh::Tensor& tokens, const mesh::MemoryConfig& memory);
  /// The normed rows as a module takes them.
  mesh::Tensor normed(const mesh::Tensor& x, const StreamNorm& norm, Mode mode,
                      const mesh::MemoryConfig& memory) const;
  /// Logits of few rows: [1, 1, rows, padded vocab / N] of Shard(3), -inf where there is no token.
  mesh::Tensor logits(const mesh::Tensor& x);
  /// The likeliest token of each row, the lowest of equal ones: [1, rows] of uint32 everywhere.
  mesh::Tensor likeliest(const mesh::Tensor& logits) const;
  void load();

 private:
  mesh::Tensor all_columns(const mesh::Tensor& x, const mesh::MemoryConfig& memory) const;

  mesh::MeshDevice device_;
  double epsilon_;
  mesh::DataType dtype_;
  LazyWeight embedding_;
  LazyWeight head_;
  std::optional<LazyWeight> mask_;
  StreamNorm norm_;
};

/// The same on a mesh of R rows and C columns, both above 1: each column of chips has dim / C
/// columns of the rows, and modules take them like that. Norms are distributed; the vocabulary is
/// over the rows.
/// Source: TTTv2's decoder around MLP2D and Attention2D.
class ResidualStream2D {
 public:
  explicit ResidualStream2D(const ModelConfig& config);

  StreamNorm norm(const WeightSource& weight) const;
  mesh::Tensor embed(const mesh::Tensor& tokens, const mesh::MemoryConfig& memory);
  mesh::Tensor normed(const mesh::Tensor& x, const StreamNorm& norm, Mode mode,
                      const mesh::MemoryConfig& memory) const;
  mesh::Tensor logits(const mesh::Tensor& x);
  mesh::Tensor likeliest(const mesh::Tensor& logits) const;
  void load();

 private:
  mesh::MeshDevice device_;
  double epsilon_;
  mesh::DataType dtype_;
  LazyWeight embedding_;
  LazyWeight head_;
  std::optional<LazyWeight> mask_;
  StreamNorm norm_;
};

}  // namespace ttmesh::modules
