#include "mesh/transport/credit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <msgpack.hpp>
#include <stdexcept>
#include <utility>

#include "mesh/program/elements.hpp"

namespace ttmesh::mesh {

void SendWindow::push(StreamId id, Frame frame) {
  Stream& stream = streams_[id];
  if (stream.held.empty() && stream.outstanding < window_bytes_) {
    admit(stream, std::move(frame));
  } else {
    stream.held.push_back(std::move(frame));
    ++held_frames_;
  }
}

void SendWindow::grant(StreamId id, std::uint64_t bytes) {
  const auto found = streams_.find(id);
  if (found == streams_.end() || found->second.outstanding < bytes) {
    throw std::invalid_argument(
        fmt::format("[grant] credit of {} bytes for stream {:x}, which has {} outstanding", bytes,
                    id, found == streams_.end() ? 0 : found->second.outstanding));
  }
  Stream& stream = found->second;
  stream.outstanding -= bytes;
  while (!stream.held.empty() && stream.outstanding < window_bytes_) {
    admit(stream, std::move(stream.held.front()));
    stream.held.pop_front();
    --held_frames_;
  }
}

std::optional<Frame> SendWindow::next() {
  if (admitted_.empty()) return std::nullopt;
  Frame frame = std::move(admitted_.front());
  admitted_.pop_front();
  return frame;
}

void SendWindow::admit(Stream& stream, Frame frame) {
  stream.outstanding += frame.bytes();
  admitted_.push_back(std::move(frame));
}

Frame encode(const Credit& credit) {
  msgpack::sbuffer buffer;
  Packer out(buffer);
  out.pack_array(2);
  out.pack(credit.stream);
  out.pack(credit.bytes);
  return make_frame(FrameKind::Credit, bytes_of(buffer));
}

Credit decode_credit(std::span<const std::byte> header) {
  return decode("credit", header, [](const msgpack::object& root) {
    Elements elements(root, 2);
    Credit credit;
    credit.stream = elements.next_as<StreamId>();
    credit.bytes = elements.next_as<std::uint64_t>();
    return credit;
  });
}

void Inflow::take(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (outstanding_ >= window_bytes_) {
    throw std::invalid_argument(fmt::format("[take] {} bytes on stream {:x} past its credit of {}",
                                            bytes, stream_, window_bytes_));
  }
  outstanding_ += bytes;
}

void Inflow::release(std::uint64_t bytes) {
  Credit credit{.stream = stream_};
  {
    const std::lock_guard lock(mutex_);
    released_ += bytes;
    if (released_ < std::max<std::uint64_t>(window_bytes_ / 4, 1)) return;
    credit.bytes = std::exchange(released_, 0);
    outstanding_ -= credit.bytes;
  }
  if (const std::shared_ptr<CreditSink> sink = sink_.lock()) sink->give_back(credit);
}

Receipt& Receipt::operator=(Receipt&& other) noexcept {
  if (this != &other) {
    release();
    inflow_ = std::move(other.inflow_);
    bytes_ = other.bytes_;
  }
  return *this;
}

void Receipt::release() noexcept {
  if (const std::shared_ptr<Inflow> inflow = std::exchange(inflow_, nullptr)) {
    inflow->release(bytes_);
  }
}

}  // namespace ttmesh::mesh
