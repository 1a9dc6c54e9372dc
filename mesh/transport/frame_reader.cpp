#include "mesh/transport/frame_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace ttmesh::mesh {
namespace {

constexpr std::size_t kStagingBytes = std::size_t{16} * 1024;
constexpr std::size_t kMaxRoom = 16;  ///< Spans of one read.

}  // namespace

bool is_message(FrameKind kind) {
  return kind >= FrameKind::Stop && kind <= FrameKind::AddressBook;
}

FrameReader::FrameReader(const FrameLimits& limits) : limits_(limits), staging_(kStagingBytes) {}

std::vector<std::span<std::byte>> FrameReader::room() {
  std::vector<std::span<std::byte>> spans;
  for (std::size_t i = target_; i < targets_.size(); ++i) {
    if (spans.size() == kMaxRoom) return spans;
    spans.push_back(targets_[i]);
  }
  if (begin_ > 0) {
    std::memmove(staging_.data(), staging_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  spans.emplace_back(std::span(staging_).subspan(end_));
  return spans;
}

void FrameReader::took(std::size_t bytes) {
  while (bytes > 0 && target_ < targets_.size()) {
    std::span<std::byte>& target = targets_[target_];
    const std::size_t count = std::min(bytes, target.size());
    target = target.subspan(count);
    bytes -= count;
    if (target.empty()) ++target_;
  }
  end_ += bytes;
}

std::optional<ReceivedFrame> FrameReader::next() {
  while (true) {
    switch (stage_) {
      case Stage::Preamble:
        if (end_ - begin_ < kPreambleBytes) return std::nullopt;
        begin_header();
        break;
      case Stage::Header:
        if (!fill_targets()) return std::nullopt;
        begin_payload();
        break;
      case Stage::Payload:
        if (!fill_targets()) return std::nullopt;
        stage_ = Stage::Preamble;
        if (pending_) {
          frame_.message = pending_->finish();
          pending_.reset();
        } else {
          frame_.header = std::move(header_);
        }
        return std::exchange(frame_, {});
    }
  }
}

// Moves what has come to the targets; whether all are full.
bool FrameReader::fill_targets() {
  while (target_ < targets_.size()) {
    std::span<std::byte>& target = targets_[target_];
    const std::size_t count = std::min(target.size(), end_ - begin_);
    if (count > 0) std::memcpy(target.data(), staging_.data() + begin_, count);
    begin_ += count;
    target = target.subspan(count);
    if (!target.empty()) return false;
    ++target_;
  }
  return true;
}

void FrameReader::begin_header() {
  const auto bytes = std::span<const std::byte>(staging_).subspan(begin_);
  frame_.preamble = decode_preamble(bytes.first<kPreambleBytes>(), limits_);
  if (!is_message(frame_.preamble.kind) && frame_.preamble.payload_bytes > 0) {
    throw std::invalid_argument(
        fmt::format("[FrameReader] a frame of kind {} with a payload of {} bytes, needs none",
                    static_cast<int>(frame_.preamble.kind), frame_.preamble.payload_bytes));
  }
  begin_ += kPreambleBytes;
  header_.resize(frame_.preamble.header_bytes);
  targets_ = {std::span(header_)};
  target_ = 0;
  stage_ = Stage::Header;
}

void FrameReader::begin_payload() {
  targets_.clear();
  target_ = 0;
  stage_ = Stage::Payload;
  if (!is_message(frame_.preamble.kind)) return;
  pending_.emplace(frame_.preamble, header_);
  for (const std::shared_ptr<Buffer>& buffer : pending_->buffers()) {
    if (buffer->size() > 0) targets_.emplace_back(buffer->data(), buffer->size());
  }
}

}  // namespace ttmesh::mesh
