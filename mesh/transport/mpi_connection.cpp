#include "mesh/transport/mpi_connection.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "mesh/transport/message_codec.hpp"

namespace ttmesh::mesh {
namespace {

// MPI is given frames until it has this many of one or the other.
constexpr std::size_t kMaxFramesUnderWay = 64;
constexpr std::size_t kMaxBytesUnderWay = std::size_t{64} << 20U;

// Links of one host to another; a peer that names more makes them up.
constexpr std::size_t kMaxStreams = 1U << 16U;

constexpr int kBeatsPerBound = 8;  ///< A peer may miss all but one of them.

}  // namespace

MpiConnection::MpiConnection(MpiJob& job, const MpiConnectionOptions& options,
                             MpiConnectionHandlers handlers)
    : job_(job),
      options_(options),
      handlers_(std::move(handlers)),
      writer_(std::make_shared<MpiFrameWriter>(options.rank, options.tags)),
      reader_(std::make_shared<MpiFrameReader>(options.rank, options.tags, options.limits)) {}

void MpiConnection::introduce(const Hello& hello) {
  (void)enqueue({.control = true, .frame = encode_hello(FrameKind::Hello, hello)});
}

bool MpiConnection::send(StreamId stream, Frame frame) {
  return enqueue({.stream = stream, .frame = std::move(frame)});
}

bool MpiConnection::await_room(std::size_t bytes, std::chrono::milliseconds bound) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, bound, [&] { return gone_ || held_bytes_ <= bytes; });
  return !gone_ && held_bytes_ <= bytes;
}

std::size_t MpiConnection::held_bytes() const {
  const std::lock_guard lock(mutex_);
  return held_bytes_;
}

void MpiConnection::give_back(const Credit& credit) {
  (void)enqueue({.control = true, .frame = encode(credit)});
}

void MpiConnection::say_goodbye(const std::string& why) {
  (void)enqueue({.last = true, .frame = encode(Message(wire::Stop{why}))});
}

bool MpiConnection::await_end(std::chrono::milliseconds bound) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, bound, [&] { return ended_; });
}

void MpiConnection::end(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    if (!end_asked_) end_asked_ = why;
  }
  job_.wake();
}

// From any thread.
bool MpiConnection::enqueue(Outgoing outgoing) {
  {
    const std::lock_guard lock(mutex_);
    if (gone_) return false;
    held_bytes_ += outgoing.frame.bytes();
    incoming_.push_back(std::move(outgoing));
  }
  job_.wake();
  return true;
}

// From here on: MPI's thread.

bool MpiConnection::poll() {
  if (closed_) return false;
  try {
    bool busy = pump();
    busy = write() || busy;
    busy = read() || busy;
    check_heartbeats();
    if (!closed_ && said_goodbye_ && peer_left_ && writer_->frames() == 0) close("");
    return busy;
  } catch (const std::invalid_argument& wrong) {
    fail(std::string("broke the protocol: ") + wrong.what());
  } catch (const std::exception& error) {
    fail(std::string("cannot be reached: ") + error.what());
  }
  return true;
}

bool MpiConnection::pump() {
  std::vector<Outgoing> all;
  std::optional<std::string> end_asked;
  {
    const std::lock_guard lock(mutex_);
    all.swap(incoming_);
    end_asked = end_asked_;
  }
  if (end_asked) {
    fail(*end_asked);
    return true;
  }
  for (Outgoing& each : all) {
    if (each.last) {
      goodbye_ = std::move(each.frame);
    } else if (each.control) {
      control_.push_back(std::move(each.frame));
    } else if (window_) {
      window_->push(each.stream, std::move(each.frame));
    } else {
      throw std::logic_error("[MpiConnection] a message before the peer has said hello");
    }
  }
  return !all.empty();
}

std::optional<Frame> MpiConnection::next_frame() {
  if (!control_.empty()) {
    Frame frame = std::move(control_.front());
    control_.pop_front();
    return frame;
  }
  // What is short goes in any case: credits and signs of life.
  if (writer_->frames() >= kMaxFramesUnderWay || writer_->bytes() >= kMaxBytesUnderWay) {
    return std::nullopt;
  }
  if (window_) {
    if (std::optional<Frame> frame = window_->next()) return frame;
  }
  if (goodbye_ && (!window_ || window_->empty())) {
    said_goodbye_ = true;
    return std::exchange(goodbye_, std::nullopt);
  }
  return std::nullopt;
}

bool MpiConnection::write() {
  if (closed_) return false;
  const std::size_t through = writer_->reap();
  if (through > 0) {
    {
      const std::lock_guard lock(mutex_);
      if (!gone_) held_bytes_ -= through;
    }
    changed_.notify_all();
  }
  bool busy = through > 0;
  while (!said_goodbye_) {
    std::optional<Frame> frame = next_frame();
    if (!frame) break;
    writer_->write(*std::move(frame));
    last_beat_ = Clock::now();
    busy = true;
  }
  return busy;
}

void MpiConnection::take(MPI_Message head, int bytes) {
  if (closed_) return;
  last_sign_ = Clock::now();
  try {
    reader_->take(head, bytes);
  } catch (const std::exception& wrong) {
    fail(std::string("broke the protocol: ") + wrong.what());
  }
}

bool MpiConnection::read() {
  if (closed_) return false;
  reader_->ask();
  bool busy = reader_->is_filling();
  while (!closed_) {
    std::optional<ReceivedFrame> frame = reader_->next();
    if (!frame) break;
    last_sign_ = Clock::now();
    busy = true;
    handle(*std::move(frame));
  }
  return busy;
}

void MpiConnection::handle(ReceivedFrame frame) {
  switch (frame.preamble.kind) {
    case FrameKind::Hello:
      meet(decode_hello(frame.preamble, frame.header));
      return;
    case FrameKind::Heartbeat:
      return;
    case FrameKind::Credit: {
      const Credit credit = decode_credit(frame.header);
      if (window_) window_->grant(credit.stream, credit.bytes);
      return;
    }
    case FrameKind::Stop:
      peer_leaves(*std::move(frame.message));
      return;
    default:
      break;
  }
  if (!frame.message || !window_) {
    throw std::invalid_argument(fmt::format("[MpiConnection] a frame of kind {} {} its hello",
                                            static_cast<int>(frame.preamble.kind),
                                            window_ ? "after" : "before"));
  }
  deliver(std::move(frame));
}

void MpiConnection::meet(const Hello& hello) {
  if (window_) throw std::invalid_argument("[MpiConnection] it says hello twice");
  window_.emplace(hello.window_bytes);
  if (handlers_.introduced(hello)) return;
  // It turns this host away as well, for the same reason: nothing else follows.
  drop_held();
  said_goodbye_ = true;
  peer_left_ = true;
}

void MpiConnection::deliver(ReceivedFrame frame) {
  const std::size_t bytes = frame.bytes();
  const StreamId stream = stream_of(*frame.message);
  std::shared_ptr<Inflow>& inflow = inflows_[stream];
  if (!inflow) {
    if (inflows_.size() > kMaxStreams) {
      throw std::invalid_argument(fmt::format("[MpiConnection] more than {} streams", kMaxStreams));
    }
    inflow = std::make_shared<Inflow>(stream, options_.receive_window_bytes, weak_from_this());
  }
  inflow->take(bytes);
  handlers_.connection.received(*std::move(frame.message), Receipt(inflow, bytes));
}

void MpiConnection::peer_leaves(Message stop) {
  peer_left_ = true;
  handlers_.connection.received(std::move(stop), Receipt());
  drop_held();  // Nothing of it will be wanted any more.
  if (!said_goodbye_) goodbye_ = encode(Message(wire::Stop{"the other host closes"}));
}

void MpiConnection::check_heartbeats() {
  const Clock::time_point now = Clock::now();
  // If this process was stopped itself, what the others sent meanwhile is still to be read.
  const bool was_stopped = now - std::exchange(last_look_, now) > options_.silence_bound / 2;
  if (was_stopped || !window_) last_sign_ = now;
  if (closed_ || !window_ || peer_left_) return;
  if (now - last_sign_ > options_.silence_bound) {
    fail(fmt::format("has been silent for {:.1f} s: its process is stopped, or it is cut off",
                     std::chrono::duration<double>(options_.silence_bound).count()));
    return;
  }
  if (now - last_beat_ < options_.silence_bound / kBeatsPerBound || said_goodbye_) return;
  last_beat_ = now;
  Frame beat = make_frame(FrameKind::Heartbeat, {});
  const std::lock_guard lock(mutex_);
  if (gone_) return;
  held_bytes_ += beat.bytes();
  control_.push_back(std::move(beat));
}

void MpiConnection::drop_held() {
  std::vector<Outgoing> dropped;
  {
    const std::lock_guard lock(mutex_);
    gone_ = true;
    held_bytes_ = 0;
    dropped.swap(incoming_);
  }
  control_.clear();
  goodbye_.reset();
  if (window_) window_.emplace(0);
  changed_.notify_all();
}

void MpiConnection::fail(const std::string& why) {
  if (closed_) return;
  job_.give_up(writer_);
  job_.give_up(reader_);
  close(why);
}

void MpiConnection::close(const std::string& why) {
  if (std::exchange(closed_, true)) return;
  drop_held();
  handlers_.connection.ended(peer_left_ || said_goodbye_ ? "" : why);
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
}

}  // namespace ttmesh::mesh
