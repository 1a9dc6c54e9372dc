#include "ops/key_rows.hpp"

#include <algorithm>
#include <cstring>
#include <span>

namespace ttmesh::ops {

KeyRows::KeyRows(const mesh::Block& block, mesh::HeldType type, const Pages* pages)
    : plain_(block.plain()),
      reader_(block),
      pages_(pages),
      held_type_(block.type()),
      is_held_(block.type() == type),
      value_bytes_(mesh::held_bytes(block.type())),
      heads_(block.shape()[-3]),
      block_rows_(block.shape()[-2]),
      count_(pages == nullptr ? block_rows_ : pages->positions()),
      width_(block.shape()[-1]) {}

const std::byte* KeyRows::at(std::int64_t matrix, std::int64_t first, std::int64_t count,
                             const KeyRange& seen) {
  if (pages_ != nullptr) return gathered(matrix, first, count, seen);
  const std::int64_t from = (matrix * count_ + first) * width_;
  if (is_held_) return plain_->data() + from * value_bytes_;
  converted_.resize(static_cast<std::size_t>(count * width_));
  reader_.read(from, converted_);
  return std::as_bytes(std::span(converted_)).data();
}

HeldRows KeyRows::held(std::int64_t matrix, std::int64_t first, std::int64_t count) const {
  std::int64_t row = matrix * count_ + first;
  if (pages_ != nullptr) {
    const Pages::Place place = pages_->of(matrix / heads_, first);
    row = (place.first * heads_ + matrix % heads_) * block_rows_ + place.position;
    count = std::min(count, block_rows_ - place.position);
  }
  return {.data = plain_->data() + row * width_ * value_bytes_,
          .type = held_type_,
          .count = count,
          .width = width_};
}

const std::byte* KeyRows::gathered(std::int64_t matrix, std::int64_t first, std::int64_t count,
                                   const KeyRange& seen) {
  const std::int64_t user = matrix / heads_;
  const std::int64_t head = matrix % heads_;
  const auto row_bytes = static_cast<std::size_t>(width_ * value_bytes_);
  const auto row_values = static_cast<std::size_t>(width_);
  if (is_held_) {
    rows_.assign(static_cast<std::size_t>(count) * row_bytes, std::byte{0});
  } else {
    converted_.assign(static_cast<std::size_t>(count * width_), 0.0F);
  }
  for (std::int64_t row = 0; row < count;) {
    const std::int64_t page = (first + row) / block_rows_;
    const std::int64_t end = std::min(count, (page + 1) * block_rows_ - first);
    const bool is_seen = page * block_rows_ < seen.end && (page + 1) * block_rows_ > seen.begin;
    if (is_seen) {
      const Pages::Place place = pages_->of(user, first + row);
      const std::int64_t from =
          ((place.first * heads_ + head) * block_rows_ + place.position) * width_;
      const auto to = static_cast<std::size_t>(row);
      const auto rows = static_cast<std::size_t>(end - row);
      if (is_held_) {
        std::memcpy(rows_.data() + to * row_bytes, plain_->data() + from * value_bytes_,
                    rows * row_bytes);
      } else {
        reader_.read(from, std::span(converted_).subspan(to * row_values, rows * row_values));
      }
    }
    row = end;
  }
  return is_held_ ? rows_.data() : std::as_bytes(std::span(converted_)).data();
}

}  // namespace ttmesh::ops
