#include "mesh/tensor/block.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

namespace ttmesh::mesh {
namespace {

constexpr std::align_val_t kAlignment{64};

BlockId next_id() {
  static std::atomic<BlockId> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

Buffer::Buffer(std::size_t bytes)
    : data_(static_cast<std::byte*>(::operator new(bytes, kAlignment))), size_(bytes) {}

Buffer::~Buffer() { ::operator delete(data_, kAlignment); }

Block::Block(Shape shape, HeldType type, std::shared_ptr<const Buffer> buffer)
    : id_(next_id()), shape_(std::move(shape)), type_(type), plain_(std::move(buffer)) {
  const std::int64_t needed = shape_.volume() * held_bytes(type_);
  if (!plain_ || static_cast<std::int64_t>(plain_->size()) != needed) {
    throw std::invalid_argument(fmt::format("[Block] buffer of {} bytes for {}, needs {} bytes",
                                            plain_ ? plain_->size() : 0, to_string(shape_),
                                            needed));
  }
}

void Block::adopt(std::shared_ptr<const PackedValues> packed) const {
  const std::lock_guard lock(mutex_);
  packed_ = std::move(packed);
  plain_.reset();
}

std::shared_ptr<const Buffer> Block::plain() const {
  std::shared_ptr<const PackedValues> packed;
  {
    const std::lock_guard lock(mutex_);
    if (plain_) return plain_;
    packed = packed_;
  }
  return packed->unpack();
}

std::shared_ptr<Buffer> take_buffer(BlockPtr block) {
  if (block.use_count() == 1 && block->plain_.use_count() == 1) {
    // Nobody else can see the values, so they need not stay as they are.
    return std::const_pointer_cast<Buffer>(block->plain_);
  }
  const std::shared_ptr<const Buffer> values = block->plain();
  auto copy = std::make_shared<Buffer>(values->size());
  std::memcpy(copy->data(), values->data(), values->size());
  return copy;
}

std::shared_ptr<const PackedValues> Block::packed() const {
  const std::lock_guard lock(mutex_);
  return packed_;
}

}  // namespace ttmesh::mesh
