#include "mesh/transport/connection.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "mesh/transport/frame_reader.hpp"
#include "mesh/transport/handshake.hpp"
#include "mesh/transport/message_codec.hpp"
#include "mesh/transport/stream_socket.hpp"

namespace ttmesh::mesh {
namespace {

// A write takes frames until it has this many of one or the other.
constexpr std::size_t kMaxWriteFrames = 32;
constexpr std::size_t kMaxWriteBytes = 1U << 20U;

// Links of one host to another; a peer that names more makes them up.
constexpr std::size_t kMaxStreams = 1U << 16U;

class SocketConnection : public Connection, public std::enable_shared_from_this<SocketConnection> {
 public:
  SocketConnection(const IoThread& io, const ConnectionOptions& options,
                   ConnectionHandlers handlers)
      : options_(options),
        handlers_(std::move(handlers)),
        context_(io.context()),
        socket_(adopt_socket(*context_, options.socket)),
        reader_(options.limits),
        window_(options.send_window_bytes) {}

  void start() {
    asio::post(*context_, [self = shared_from_this()] { self->read(); });
  }

  bool send(StreamId stream, Frame frame) override {
    return enqueue({.stream = stream, .frame = std::move(frame)});
  }

  bool await_room(std::size_t bytes, std::chrono::milliseconds bound) override {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, bound, [&] { return gone_ || held_bytes_ <= bytes; });
    return !gone_ && held_bytes_ <= bytes;
  }

  std::size_t held_bytes() const override {
    const std::lock_guard lock(mutex_);
    return held_bytes_;
  }

  void give_back(const Credit& credit) override {
    (void)enqueue({.control = true, .frame = encode(credit)});
  }

  void say_goodbye(const std::string& why) override {
    (void)enqueue({.last = true, .frame = encode(Message(wire::Stop{why}))});
  }

  bool await_end(std::chrono::milliseconds bound) override {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, bound, [&] { return ended_; });
  }

  void end(const std::string& why) override {
    const std::lock_guard lock(mutex_);
    if (gone_) return;
    asio::post(*context_, [self = shared_from_this(), why] { self->fail(why); });
  }

 private:
  struct Outgoing {
    bool control = false;  ///< Goes before messages, without credit.
    bool last = false;     ///< Goes after them.
    StreamId stream = 0;
    Frame frame;
  };

  // From any thread.
  bool enqueue(Outgoing outgoing) {
    const std::lock_guard lock(mutex_);
    if (gone_) return false;
    held_bytes_ += outgoing.frame.bytes();
    incoming_.push_back(std::move(outgoing));
    if (!std::exchange(scheduled_, true)) {
      // Under the mutex, so that nothing is posted to a context after the end.
      asio::post(*context_, [self = shared_from_this()] { self->pump(); });
    }
    return true;
  }

  // From here on: the communication thread.

  void pump() {
    std::vector<Outgoing> all;
    {
      const std::lock_guard lock(mutex_);
      scheduled_ = false;
      all.swap(incoming_);
    }
    for (Outgoing& each : all) {
      if (each.last) {
        goodbye_ = std::move(each.frame);
      } else if (each.control) {
        control_.push_back(std::move(each.frame));
      } else {
        window_.push(each.stream, std::move(each.frame));
      }
    }
    write();
  }

  std::optional<Frame> next_frame() {
    if (!control_.empty()) {
      Frame frame = std::move(control_.front());
      control_.pop_front();
      return frame;
    }
    if (std::optional<Frame> frame = window_.next()) return frame;
    if (goodbye_ && window_.empty()) {
      said_goodbye_ = true;
      return std::exchange(goodbye_, std::nullopt);
    }
    return std::nullopt;
  }

  void write() {
    if (writing_ || closed_ || write_failed_ || said_goodbye_) return;
    batch_.clear();
    std::size_t bytes = 0;
    while (batch_.size() < kMaxWriteFrames && bytes < kMaxWriteBytes && !said_goodbye_) {
      std::optional<Frame> frame = next_frame();
      if (!frame) break;
      bytes += frame->bytes();
      batch_.push_back(*std::move(frame));
    }
    if (batch_.empty()) return;
    std::vector<asio::const_buffer> buffers;
    for (const Frame& frame : batch_) {
      buffers.emplace_back(asio::buffer(frame.head));
      for (const PayloadPart& part : frame.payload) {
        buffers.emplace_back(part.bytes.data(), part.bytes.size());
      }
    }
    writing_ = true;
    asio::async_write(
        socket_, buffers,
        [self = shared_from_this(), bytes](const asio::error_code& error, std::size_t) {
          self->written(error, bytes);
        });
  }

  void written(const asio::error_code& error, std::size_t bytes) {
    writing_ = false;
    batch_.clear();
    if (closed_) return;
    // What the peer said before it went is still to be read; reading will find the end.
    write_failed_ = static_cast<bool>(error);
    {
      const std::lock_guard lock(mutex_);
      held_bytes_ -= bytes;
    }
    changed_.notify_all();
    if (peer_left_) {
      close("");
    } else if (said_goodbye_) {
      asio::error_code ignored;  // The peer may have closed meanwhile.
      socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    } else {
      write();
    }
  }

  void read() {
    if (closed_) return;
    const std::vector<std::span<std::byte>> room = reader_.room();
    std::vector<asio::mutable_buffer> buffers;
    buffers.reserve(room.size());
    for (const std::span<std::byte>& span : room) buffers.emplace_back(span.data(), span.size());
    socket_.async_read_some(
        buffers, [self = shared_from_this()](const asio::error_code& error, std::size_t bytes) {
          self->was_read(error, bytes);
        });
  }

  void was_read(const asio::error_code& error, std::size_t bytes) {
    if (closed_) return;
    if (error) {
      if (peer_left_ || said_goodbye_) {
        close("");
      } else if (error == asio::error::eof || error == asio::error::connection_reset) {
        close("closed the connection without a goodbye: its process has ended or was killed");
      } else {
        close("cannot be read from: " + error.message());
      }
      return;
    }
    try {
      reader_.took(bytes);
      while (std::optional<ReceivedFrame> frame = reader_.next()) {
        handle(*std::move(frame));
        if (closed_) return;
      }
    } catch (const std::exception& wrong) {
      fail(fmt::format("broke the protocol: {}", wrong.what()));
      return;
    }
    read();
  }

  void handle(ReceivedFrame frame) {
    switch (frame.preamble.kind) {
      case FrameKind::Credit: {
        const Credit credit = decode_credit(frame.header);
        window_.grant(credit.stream, credit.bytes);
        write();
        return;
      }
      case FrameKind::Refusal:
        close("ended the connection: this host " + decode_refusal(frame.header));
        return;
      case FrameKind::Stop:
        // Nothing that is held will be wanted any more.
        peer_left_ = true;
        handlers_.received(*std::move(frame.message), Receipt());
        if (!writing_) close("");
        return;
      default:
        break;
    }
    if (!frame.message) {
      throw std::invalid_argument(fmt::format("[Connection] a frame of kind {} after the handshake",
                                              static_cast<int>(frame.preamble.kind)));
    }
    const std::size_t bytes = frame.bytes();
    const StreamId stream = stream_of(*frame.message);
    std::shared_ptr<Inflow>& inflow = inflows_[stream];
    if (!inflow) {
      if (inflows_.size() > kMaxStreams) {
        throw std::invalid_argument(fmt::format("[Connection] more than {} streams", kMaxStreams));
      }
      inflow = std::make_shared<Inflow>(stream, options_.receive_window_bytes, weak_from_this());
    }
    inflow->take(bytes);
    handlers_.received(*std::move(frame.message), Receipt(inflow, bytes));
  }

  // Closes with a last word to the peer where that does not have to wait.
  void fail(const std::string& why) {
    if (!closed_ && !writing_) {
      const Frame last_word = encode_refusal(why);
      asio::error_code ignored;  // The peer may be gone, or not listen.
      socket_.write_some(asio::buffer(last_word.head), ignored);
    }
    close(why);
  }

  void close(const std::string& why) {
    if (std::exchange(closed_, true)) return;
    asio::error_code ignored;  // It is closed whatever this says.
    socket_.close(ignored);
    std::vector<Outgoing> dropped;
    {
      const std::lock_guard lock(mutex_);
      gone_ = true;
      held_bytes_ = 0;
      dropped.swap(incoming_);
    }
    control_.clear();
    window_ = SendWindow(0);
    handlers_.ended(peer_left_ || said_goodbye_ ? "" : why);
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
  }

  const ConnectionOptions options_;
  const ConnectionHandlers handlers_;
  const std::shared_ptr<asio::io_context> context_;

  mutable std::mutex mutex_;  ///< Guards the next five.
  std::vector<Outgoing> incoming_;
  bool scheduled_ = false;
  bool gone_ = false;   ///< Takes nothing any more, and posts nothing.
  bool ended_ = false;  ///< Has said so.
  std::size_t held_bytes_ = 0;
  std::condition_variable changed_;

  StreamSocket socket_;
  FrameReader reader_;
  std::unordered_map<StreamId, std::shared_ptr<Inflow>> inflows_;
  SendWindow window_;
  std::deque<Frame> control_;
  std::optional<Frame> goodbye_;
  std::vector<Frame> batch_;  ///< Being written.
  bool writing_ = false;
  bool write_failed_ = false;
  bool said_goodbye_ = false;
  bool peer_left_ = false;
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<Connection> open_connection(const IoThread& io, const ConnectionOptions& options,
                                            ConnectionHandlers handlers) {
  auto connection = std::make_shared<SocketConnection>(io, options, std::move(handlers));
  connection->start();
  return connection;
}

}  // namespace ttmesh::mesh
