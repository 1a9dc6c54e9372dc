#pragma once

#include "mesh/device/tensor.hpp"
#include "mesh/tensor/host_tensor.hpp"
#include "modules/embedding/embedding_config.hpp"
#include "modules/mode.hpp"

namespace ttmesh::modules {

/// Rows of a table by token id: what Embedding1D and Embedding2D share.
///
/// Table:     [vocab, dim], row-major in DRAM unless it is a block float. On a line of N chips
///            Shard(-1); on a grid of C columns [Replicate, Shard(-1)].
/// Input:     token ids [1, 1, 1, rows] or [1, rows] of integers, row-major, on every chip.
/// Output:    [1, 1, rows, dim / N] or [1, 1, rows, dim / C], tiled: columns as the table's. No
///            collective.
/// Source:    TTTv2's Embedding1D and Embedding2D.
class Embedding {
 public:
  /// Throws std::invalid_argument if the ids are not what is described above. An id beyond the
  /// table fails the chips: mesh::Error when values are read.
  mesh::Tensor forward(const mesh::Tensor& ids, Mode mode) const;
  mesh::Tensor decode_forward(const mesh::Tensor& ids) const;
  mesh::Tensor prefill_forward(const mesh::Tensor& ids) const;

  /// Token ids on the chips as a forward call takes them.
  mesh::Tensor input(const mesh::HostTensor& ids) const;

  /// Makes the table on the chips, unless it is there.
  void load_device_weights() const;

  /// Every field is set.
  const EmbeddingConfig& config() const { return config_; }

 protected:
  /// Names of the class in messages and in scopes: "Embedding1D", "embedding_1d".
  struct Names {
    const char* module;
    const char* scope;
  };
  Embedding(const Names& names, EmbeddingConfig config);

 private:
  using Scale = mesh::Tensor (*)(const mesh::Tensor&, double);

  void require(const mesh::Tensor& ids, const char* call) const;
  mesh::Tensor rows(const mesh::Tensor& ids, mesh::DataType dtype,
                    const mesh::MemoryConfig& memory) const;

  Names names_;
  EmbeddingConfig config_;
  Scale scale_;
};

/// On one chip or a line.
class Embedding1D : public Embedding {
 public:
  /// All defaults; the device is that of the table.
  explicit Embedding1D(const LazyWeight& weight) : Embedding1D(EmbeddingConfig{.weight = weight}) {}
  [[nodiscard]] static Embedding1D from_config(const Embedding1DConfig& config) {
    return Embedding1D(config);
  }

 private:
  explicit Embedding1D(const Embedding1DConfig& config);
};

/// On a mesh of several rows and several columns.
class Embedding2D : public Embedding {
 public:
  /// All defaults; the device is that of the table.
  explicit Embedding2D(const LazyWeight& weight) : Embedding2D(EmbeddingConfig{.weight = weight}) {}
  [[nodiscard]] static Embedding2D from_config(const Embedding2DConfig& config) {
    return Embedding2D(config);
  }

 private:
  explicit Embedding2D(const Embedding2DConfig& config);
};

}  // namespace ttmesh::modules
