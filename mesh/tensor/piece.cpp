#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "mesh/tensor/region.hpp"
#include "mesh/tensor/rounding.hpp"
#include "mesh/tensor/sum.hpp"

namespace ttmesh::mesh {
namespace {

constexpr std::int64_t kRun = 16;  ///< Block floats of a row that share an exponent.

// Whether the elements lie one after another.
bool is_dense(const Region& region) {
  return region.stride == region.row_length || region.size() == 0 ||
         region.begin / region.row_length == (region.end - 1) / region.row_length;
}

std::int64_t position(const Region& region, std::int64_t element) {
  return region.offset + element / region.row_length * region.stride + element % region.row_length;
}

// Calls visit(position in the block, count) for each run of adjacent elements, in order.
template <typename Visit>
void for_each_row(const Region& region, Visit visit) {
  for (std::int64_t element = region.begin; element < region.end;) {
    const std::int64_t row_end = (element / region.row_length + 1) * region.row_length;
    const std::int64_t end = std::min(row_end, region.end);
    visit(position(region, element), end - element);
    element = end;
  }
}

// Copies the elements of `piece` to `out`; returns their end.
std::byte* copy_elements(const Piece& piece, std::byte* out) {
  const std::shared_ptr<const Buffer> plain = piece.block->plain();
  const std::int64_t value_bytes = held_bytes(piece.block->type());
  const auto copy = [&](std::int64_t at, std::int64_t count) {
    const auto bytes = static_cast<std::size_t>(count * value_bytes);
    std::memcpy(out, plain->data() + at * value_bytes, bytes);
    out += bytes;
  };
  if (is_dense(piece.region)) {
    if (piece.region.size() > 0)
      copy(position(piece.region, piece.region.begin), piece.region.size());
  } else {
    for_each_row(piece.region, copy);
  }
  return out;
}

void require_within(const char* function, const Piece& piece) {
  const Region& region = piece.region;
  if (region.size() == 0) return;
  const std::int64_t last = position(region, region.end - 1);
  if (region.size() < 0 || region.row_length <= 0 || region.begin < 0 ||
      position(region, region.begin) < 0 || last >= piece.block->shape().volume()) {
    throw std::invalid_argument(fmt::format("[{}] region reaches element {}, the block has {}",
                                            function, last, piece.block->shape().volume()));
  }
}

// The elements of `piece` one after another: where they lie, or in `gathered`.
const std::byte* dense_elements(const Piece& piece, const Buffer& plain,
                                std::unique_ptr<Buffer>& gathered) {
  const std::int64_t value_bytes = held_bytes(piece.block->type());
  if (is_dense(piece.region)) {
    return plain.data() + position(piece.region, piece.region.begin) * value_bytes;
  }
  gathered = std::make_unique<Buffer>(static_cast<std::size_t>(piece.region.size() * value_bytes));
  copy_elements(piece, gathered->data());
  return gathered->data();
}

// Whether the piece is all of its block, and not empty.
bool is_whole(const Piece& piece) {
  const Region& region = piece.region;
  return region.size() > 0 && region.size() == piece.block->shape().volume() && is_dense(region) &&
         position(region, region.begin) == 0;
}

// The values of `piece` as memory for a sum, if nobody else refers to its block and it is all of
// it; else null.
std::shared_ptr<Buffer> give_memory(Piece& piece) {
  if (!is_whole(piece) || piece.block.use_count() > 1) return nullptr;
  return take_buffer(std::move(piece.block));
}

// Sums of adjacent elements; runs of a block float are counted from the first.
void add_run(const float* a, const float* b, float* out, std::int64_t count, DataType /*dtype*/) {
  add_values(a, b, out, static_cast<std::size_t>(count));
}

void add_run(const Bfloat16* a, const Bfloat16* b, Bfloat16* out, std::int64_t count,
             DataType dtype) {
  add_values(a, b, out, static_cast<std::size_t>(count), dtype);
}

// Integers wrap around, as on the hardware.
template <typename T>
void add_run(const T* a, const T* b, T* out, std::int64_t count, DataType /*dtype*/) {
  for (std::int64_t i = 0; i < count; ++i) {
    out[i] = static_cast<T>(static_cast<std::uint32_t>(a[i]) + static_cast<std::uint32_t>(b[i]));
  }
}

// Sums of the elements of `region`, a part of `a`; those of `b` and `out` are dense.
template <typename T>
void add_rows(const Region& region, const Buffer& a, const std::byte* b, Buffer& out,
              DataType dtype) {
  const T* from_a = values<T>(a).data();
  const T* from_b = reinterpret_cast<const T*>(b);
  T* to = values<T>(out).data();
  const bool runs_fill_rows =
      !is_block_float(dtype) || (region.row_length % kRun == 0 && region.begin % kRun == 0);
  if (is_dense(region) && runs_fill_rows) {
    add_run(from_a + position(region, region.begin), from_b, to, region.size(), dtype);
    return;
  }
  std::int64_t column = region.begin % region.row_length;
  const auto add_some = [&](std::int64_t at, std::int64_t count) {
    add_run(from_a + at, from_b, to, count, dtype);
    from_b += count;
    to += count;
  };
  for_each_row(region, [&](std::int64_t at, std::int64_t count) {
    // A first run that began before the region.
    const std::int64_t head = std::min((kRun - column % kRun) % kRun, count);
    if (head > 0) add_some(at, head);
    if (count > head) add_some(at + head, count - head);
    column = 0;
  });
}

// The elements of `region` and their rows, for a block that holds nothing else.
Region alone(const Region& region) {
  if (region.size() == 0) return {};
  const std::int64_t length = region.row_length;
  const std::int64_t column = region.begin % length;
  return {.offset = -column,
          .rows = (column + region.size() + length - 1) / length,
          .row_length = length,
          .stride = length,
          .begin = column,
          .end = column + region.size()};
}

}  // namespace

Piece sum(Piece a, Piece b, DataType dtype) {
  if (a.region.size() != b.region.size()) {
    throw std::invalid_argument(fmt::format("[add] pieces of {} and {} elements, needs equal sizes",
                                            a.region.size(), b.region.size()));
  }
  Piece total{.block = nullptr, .region = alone(a.region), .bytes = a.bytes};
  if (!a.block || !b.block) return total;
  const HeldType type = held_type(dtype);
  if (a.block->type() != type || b.block->type() != type) {
    throw std::invalid_argument(
        fmt::format("[add] a piece is not held as {}, needs both to be", name(dtype)));
  }
  require_within("add", a);
  require_within("add", b);
  const std::int64_t size = a.region.size();
  std::shared_ptr<Buffer> out = size > 0 ? give_memory(b) : nullptr;
  if (!out && size > 0) out = give_memory(a);
  if (!out) out = std::make_shared<Buffer>(static_cast<std::size_t>(size * held_bytes(type)));
  if (size > 0) {
    const std::shared_ptr<const Buffer> plain_a = a.block ? a.block->plain() : out;
    const std::shared_ptr<const Buffer> plain_b = b.block ? b.block->plain() : out;
    std::unique_ptr<Buffer> gathered;
    const std::byte* dense_b = b.block ? dense_elements(b, *plain_b, gathered) : plain_b->data();
    switch (type) {
      case HeldType::Float32:
        add_rows<float>(a.region, *plain_a, dense_b, *out, dtype);
        break;
      case HeldType::Bfloat16:
        add_rows<Bfloat16>(a.region, *plain_a, dense_b, *out, dtype);
        break;
      case HeldType::Int32:
        add_rows<std::int32_t>(a.region, *plain_a, dense_b, *out, dtype);
        break;
      case HeldType::UInt32:
        add_rows<std::uint32_t>(a.region, *plain_a, dense_b, *out, dtype);
        break;
      case HeldType::UInt16:
        add_rows<std::uint16_t>(a.region, *plain_a, dense_b, *out, dtype);
        break;
    }
  }
  total.block = std::make_shared<const Block>(Shape{size}, type, std::move(out));
  return total;
}

Piece add(const Piece& a, const Piece& b, DataType dtype) { return sum(a, b, dtype); }

BlockPtr join(const std::vector<Piece>& pieces, const Shape& shape) {
  if (pieces.empty()) throw std::invalid_argument("[join] no pieces, needs at least one");
  if (!pieces.front().block) return nullptr;
  const BlockPtr& first = pieces.front().block;
  if (pieces.size() == 1 && first->shape() == shape && is_whole(pieces.front())) return first;
  std::int64_t total = 0;
  bool whole = first->shape().volume() == shape.volume();
  for (const Piece& piece : pieces) {
    if (!piece.block || piece.block->type() != first->type()) {
      throw std::invalid_argument("[join] pieces hold different types, needs one type");
    }
    require_within("join", piece);
    whole = whole && piece.block == first && is_dense(piece.region) &&
            (piece.region.size() == 0 || position(piece.region, piece.region.begin) == total);
    total += piece.region.size();
  }
  if (total != shape.volume()) {
    throw std::invalid_argument(fmt::format("[join] pieces of {} elements for {}, needs {}", total,
                                            to_string(shape), shape.volume()));
  }
  if (whole) {
    if (first->shape() == shape) return first;
    return std::make_shared<const Block>(shape, first->type(), first->plain());
  }
  auto buffer =
      std::make_shared<Buffer>(static_cast<std::size_t>(total * held_bytes(first->type())));
  std::byte* out = buffer->data();
  for (const Piece& piece : pieces) out = copy_elements(piece, out);
  return std::make_shared<const Block>(shape, first->type(), std::move(buffer));
}

}  // namespace ttmesh::mesh
