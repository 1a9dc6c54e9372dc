#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

#include "mesh/tensor/dtype.hpp"
#include "mesh/tensor/shape.hpp"

namespace ttmesh::mesh {

/// Names the values of a block; never used again in the process.
using BlockId = std::uint64_t;

/// Memory aligned to 64 bytes, uninitialised.
class Buffer {
 public:
  explicit Buffer(std::size_t bytes);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* data_;
  std::size_t size_;
};

/// Values in some kernel's own order, from which the plain order can be made again.
class PackedValues {
 public:
  virtual ~PackedValues() = default;
  virtual std::size_t bytes() const = 0;
  /// The values in row-major order.
  virtual std::shared_ptr<const Buffer> unpack() const = 0;
};

/// A dense row-major array whose values never change once made. Its representation may: a matmul
/// packs a weight once and drops the plain order, which is made again when somebody reads it.
class Block {
 public:
  /// `buffer` holds `shape.volume()` values of `type`. Throws std::invalid_argument if it does not.
  Block(Shape shape, HeldType type, std::shared_ptr<const Buffer> buffer);

  /// Keeps the values in `packed` alone from now on.
  void adopt(std::shared_ptr<const PackedValues> packed) const;

  BlockId id() const { return id_; }
  const Shape& shape() const { return shape_; }
  HeldType type() const { return type_; }
  /// Values in row-major order; unpacked into a new buffer if the block is packed.
  std::shared_ptr<const Buffer> plain() const;
  /// The packed values, or null.
  std::shared_ptr<const PackedValues> packed() const;

 private:
  friend std::shared_ptr<Buffer> take_buffer(std::shared_ptr<const Block> block);

  const BlockId id_;
  const Shape shape_;
  const HeldType type_;
  mutable std::mutex mutex_;  ///< Guards the two below.
  mutable std::shared_ptr<const Buffer> plain_;
  mutable std::shared_ptr<const PackedValues> packed_;
};

using BlockPtr = std::shared_ptr<const Block>;

/// The values of a block, to be changed by the caller alone: in the block's own buffer if nobody
/// else refers to it, else in a copy.
[[nodiscard]] std::shared_ptr<Buffer> take_buffer(BlockPtr block);

/// Typed view of a buffer. `T` is float, Bfloat16, std::int32_t, std::uint32_t or std::uint16_t.
template <typename T>
std::span<const T> values(const Buffer& buffer) {
  return {reinterpret_cast<const T*>(buffer.data()), buffer.size() / sizeof(T)};
}
template <typename T>
std::span<T> values(Buffer& buffer) {
  return {reinterpret_cast<T*>(buffer.data()), buffer.size() / sizeof(T)};
}

}  // namespace ttmesh::mesh
