#include "bench/bare_loop.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <asio.hpp>
#include <cerrno>
#include <functional>
#include <system_error>
#include <utility>
#include <vector>

namespace ttmesh::mesh {
namespace {

/// What a message says of itself; as long as the transport's heads are.
struct Head {
  bool echo = false;         ///< Send it back.
  bool acknowledge = false;  ///< Send a head back.
  std::array<std::byte, 62> padding{};
};

/// Two sockets that are connected with each other, not known to asio: processes part before.
std::array<int, 2> connected(const BareLoopOptions& options) {
  asio::io_context context(1);
  if (options.kind == TransportKind::Unix) {
    asio::local::stream_protocol::socket a(context);
    asio::local::stream_protocol::socket b(context);
    asio::local::connect_pair(a, b);
    return {a.release(), b.release()};
  }
  asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  asio::ip::tcp::socket b(context);
  b.connect(acceptor.local_endpoint());
  asio::ip::tcp::socket a = acceptor.accept();
  const std::string& control = options.congestion_control;
  for (asio::ip::tcp::socket* each : {&a, &b}) {
    each->set_option(asio::ip::tcp::no_delay(true));
    if (!control.empty() && setsockopt(each->native_handle(), IPPROTO_TCP, TCP_CONGESTION,
                                       control.data(), static_cast<socklen_t>(control.size()))) {
      throw std::system_error(errno, std::generic_category(), "[BareLoop] " + control);
    }
  }
  return {a.release(), b.release()};
}

}  // namespace

class BareLoop::End {
 public:
  End(int socket, const BareLoopOptions& options)
      : socket_(context_,
                asio::generic::stream_protocol(
                    options.kind == TransportKind::Unix ? AF_UNIX : AF_INET, 0),
                socket),
        in_(options.bytes),
        out_(options.bytes) {}

  void stream(int count) {
    head_out_ = {};
    write_many(count);
    context_.restart();
    context_.run();
  }

  void round_trips(int count) {
    head_out_ = {.echo = true};
    ping(count);
    context_.restart();
    context_.run();
  }

  /// Does what messages ask for, until the other end is gone.
  void answer() {
    answer_one();
    context_.run();
  }

 private:
  using Next = std::function<void()>;

  void answer_one() {
    read_one([this] {
      if (head_in_.echo) {
        write_one([this] { answer_one(); });
      } else if (head_in_.acknowledge) {
        asio::async_write(socket_, asio::buffer(&head_out_, sizeof(Head)),
                          [this](const asio::error_code&, std::size_t) { answer_one(); });
      } else {
        answer_one();
      }
    });
  }

  void write_one(const Next& next) {
    const std::array buffers{asio::const_buffer(&head_out_, sizeof(Head)),
                             asio::const_buffer(out_.data(), out_.size())};
    asio::async_write(socket_, buffers, [next](const asio::error_code& error, std::size_t) {
      if (!error) next();
    });
  }

  void read_one(const Next& next) {
    asio::async_read(socket_, asio::buffer(&head_in_, sizeof(Head)),
                     [this, next](const asio::error_code& error, std::size_t) {
                       if (error) return;
                       asio::async_read(socket_, asio::buffer(in_),
                                        [next](const asio::error_code& ended, std::size_t) {
                                          if (!ended) next();
                                        });
                     });
  }

  void write_many(int left) {
    if (left == 0) {
      asio::async_read(socket_, asio::buffer(&head_in_, sizeof(Head)),
                       [](const asio::error_code&, std::size_t) {});
      return;
    }
    head_out_.acknowledge = left == 1;
    write_one([this, left] { write_many(left - 1); });
  }

  void ping(int left) {
    if (left == 0) return;
    write_one([this, left] { read_one([this, left] { ping(left - 1); }); });
  }

  asio::io_context context_{1};
  asio::generic::stream_protocol::socket socket_;
  Head head_in_;
  Head head_out_;
  std::vector<std::byte> in_;
  std::vector<std::byte> out_;
};

BareLoop::BareLoop(const BareLoopOptions& options) {
  const auto [near, far] = connected(options);
  other_ = std::make_unique<Forked>([&, own = far, others = near] {
    ::close(others);
    End(own, options).answer();
  });
  ::close(far);
  end_ = std::make_unique<End>(near, options);
}

BareLoop::~BareLoop() {
  end_.reset();  // Which ends the other.
  other_.reset();
}

void BareLoop::stream(int count) { end_->stream(count); }
void BareLoop::round_trips(int count) { end_->round_trips(count); }

}  // namespace ttmesh::mesh
