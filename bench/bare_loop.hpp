#pragma once

#include <array>
#include <asio.hpp>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace ttmesh::mesh {

enum Kind : std::int64_t { Unix, Tcp };

/// Bytes of a frame of the transport that are no payload.
constexpr std::size_t kHeadBytes = 64;

using Stream = asio::generic::stream_protocol::socket;

/// Two sockets, each served by a thread, that read and write messages of one length.
class BareLoop {
 public:
  BareLoop(Kind kind, std::size_t bytes) : ends_{End(bytes), End(bytes)} {
    if (kind == Unix) {
      asio::local::stream_protocol::socket a(ends_[0].context);
      asio::local::stream_protocol::socket b(ends_[1].context);
      asio::local::connect_pair(a, b);
      ends_[0].socket.emplace(std::move(a));
      ends_[1].socket.emplace(std::move(b));
    } else {
      asio::ip::tcp::acceptor acceptor(ends_[0].context, {asio::ip::address_v4::loopback(), 0});
      asio::ip::tcp::socket b(ends_[1].context);
      b.connect(acceptor.local_endpoint());
      asio::ip::tcp::socket a = acceptor.accept();
      a.set_option(asio::ip::tcp::no_delay(true));
      b.set_option(asio::ip::tcp::no_delay(true));
      ends_[0].socket.emplace(std::move(a));
      ends_[1].socket.emplace(std::move(b));
    }
    for (End& end : ends_) end.thread = std::thread([&end] { end.context.run(); });
  }
  ~BareLoop() {
    for (End& end : ends_) {
      end.work.reset();
      end.context.stop();
      end.thread.join();
    }
  }
  BareLoop(const BareLoop&) = delete;
  BareLoop& operator=(const BareLoop&) = delete;

  /// One end writes `count` messages, the other reads them.
  void stream(int count) {
    std::atomic<bool> done = false;
    asio::post(ends_[1].context, [&] { read(ends_[1], count, [&] { finish(done); }); });
    asio::post(ends_[0].context, [&] { write(ends_[0], count, [] {}); });
    done.wait(false);
  }

  /// A message goes there and back, `count` times.
  void round_trips(int count) {
    std::atomic<bool> done = false;
    asio::post(ends_[1].context, [&] { echo(ends_[1], count); });
    asio::post(ends_[0].context, [&] { ping(ends_[0], count, [&] { finish(done); }); });
    done.wait(false);
  }

 private:
  struct End {
    explicit End(std::size_t bytes) : in(bytes), out(bytes) {}

    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    std::optional<Stream> socket;
    std::array<std::byte, kHeadBytes> in_head{};
    std::array<std::byte, kHeadBytes> out_head{};
    std::vector<std::byte> in;
    std::vector<std::byte> out;
    std::thread thread;
  };
  using Next = std::function<void()>;

  static void finish(std::atomic<bool>& done) {
    done = true;
    done.notify_one();
  }
  static void write_one(End& end, const Next& next) {
    const std::array buffers{asio::buffer(end.out_head), asio::buffer(end.out)};
    asio::async_write(*end.socket, buffers,
                      [next](const asio::error_code&, std::size_t) { next(); });
  }
  static void read_one(End& end, const Next& next) {
    asio::async_read(*end.socket, asio::buffer(end.in_head),
                     [&end, next](const asio::error_code&, std::size_t) {
                       asio::async_read(*end.socket, asio::buffer(end.in),
                                        [next](const asio::error_code&, std::size_t) { next(); });
                     });
  }
  static void write(End& end, int left, const Next& done) {
    if (left == 0) return done();
    write_one(end, [&end, left, done] { write(end, left - 1, done); });
  }
  static void read(End& end, int left, const Next& done) {
    if (left == 0) return done();
    read_one(end, [&end, left, done] { read(end, left - 1, done); });
  }
  static void ping(End& end, int left, const Next& done) {
    if (left == 0) return done();
    write_one(end, [&end, left, done] {
      read_one(end, [&end, left, done] { ping(end, left - 1, done); });
    });
  }
  static void echo(End& end, int left) {
    if (left == 0) return;
    read_one(end, [&end, left] { write_one(end, [&end, left] { echo(end, left - 1); }); });
  }

  std::array<End, 2> ends_;
};

}  // namespace ttmesh::mesh
