#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>

#include "mesh/transport/frame.hpp"
#include "mesh/transport/message.hpp"

namespace ttmesh::mesh {

/// The sender's half of credit: which frames may be written. A stream's frames may be while any of
/// its window is left, so that a frame longer than the window is sent too, alone.
///
/// Frames of a stream stay in order; a stream out of credit does not hold up others.
class SendWindow {
 public:
  explicit SendWindow(std::uint64_t window_bytes) : window_bytes_(window_bytes) {}

  /// Takes a frame. It comes out of `next` once its stream has credit.
  void push(StreamId stream, Frame frame);
  /// The receiver is done with `bytes` of `stream`. Throws std::invalid_argument if it never had
  /// them.
  void grant(StreamId stream, std::uint64_t bytes);
  /// The next frame to write, if any may be.
  [[nodiscard]] std::optional<Frame> next();

  [[nodiscard]] bool empty() const { return admitted_.empty() && held_frames_ == 0; }

 private:
  struct Stream {
    std::uint64_t outstanding = 0;  ///< Bytes admitted that the receiver is not done with.
    std::deque<Frame> held;
  };

  void admit(Stream& stream, Frame frame);

  std::uint64_t window_bytes_;
  std::unordered_map<StreamId, Stream> streams_;
  std::deque<Frame> admitted_;
  std::size_t held_frames_ = 0;
};

/// What a receiver tells the sender that it is done with.
struct Credit {
  StreamId stream = 0;
  std::uint64_t bytes = 0;
};
[[nodiscard]] Frame encode(const Credit& credit);
/// Throws std::invalid_argument if the bytes are no credit.
[[nodiscard]] Credit decode_credit(std::span<const std::byte> header);

/// Where a connection's credits go to be sent back. From any thread.
class CreditSink {
 public:
  virtual ~CreditSink() = default;
  virtual void give_back(const Credit& credit) = 0;
};

/// The receiver's half of one stream. From any thread.
class Inflow {
 public:
  Inflow(StreamId stream, std::uint64_t window_bytes, std::weak_ptr<CreditSink> sink)
      : stream_(stream), window_bytes_(window_bytes), sink_(std::move(sink)) {}

  /// A frame of the stream has come. Throws std::invalid_argument if the sender had no credit.
  void take(std::uint64_t bytes);
  /// Its message is done with. Credit is given back in large parts.
  void release(std::uint64_t bytes);

 private:
  const StreamId stream_;
  const std::uint64_t window_bytes_;
  const std::weak_ptr<CreditSink> sink_;
  std::mutex mutex_;
  std::uint64_t outstanding_ = 0;  ///< What the sender believes is out.
  std::uint64_t released_ = 0;     ///< Of it, what can be given back.
};

/// Holds a message's credit; gives it back when it goes. Whoever handles a message keeps it for as
/// long as the message takes memory.
class Receipt {
 public:
  Receipt() = default;
  Receipt(std::shared_ptr<Inflow> inflow, std::uint64_t bytes)
      : inflow_(std::move(inflow)), bytes_(bytes) {}
  Receipt(Receipt&&) noexcept = default;
  Receipt& operator=(Receipt&& other) noexcept;
  ~Receipt() { release(); }

  void release() noexcept;

 private:
  std::shared_ptr<Inflow> inflow_;
  std::uint64_t bytes_ = 0;
};

}  // namespace ttmesh::mesh
