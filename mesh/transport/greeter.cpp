#include "mesh/transport/greeter.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/transport/frame.hpp"
#include "mesh/transport/stream_socket.hpp"

namespace ttmesh::mesh {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxGreetings = 64;

/// One guest that has knocked.
class Greeting : public std::enable_shared_from_this<Greeting> {
 public:
  Greeting(StreamSocket socket, std::string who, const GreeterHandlers& handlers,
           std::function<void(const std::shared_ptr<Greeting>&)> done)
      : socket_(std::move(socket)),
        timer_(socket_.get_executor()),
        who_(std::move(who)),
        handlers_(handlers),
        done_(std::move(done)) {}

  void start(std::chrono::milliseconds bound) {
    timer_.expires_after(bound);
    timer_.async_wait([self = shared_from_this(), bound](const asio::error_code& error) {
      if (!error) {
        self->refuse(fmt::format("it did not say who it is within {:.1f} s",
                                 std::chrono::duration<double>(bound).count()));
      }
    });
    asio::async_read(socket_, asio::buffer(preamble_bytes_),
                     [self = shared_from_this()](const asio::error_code& error, std::size_t) {
                       self->guarded(error, [&] { self->read_header(); });
                     });
  }

  void cancel() {
    if (std::exchange(ended_, true)) return;
    timer_.cancel();
    asio::error_code ignored;  // It is closed whatever this says.
    socket_.close(ignored);
    done_(shared_from_this());
  }

 private:
  template <typename Action>
  void guarded(const asio::error_code& error, const Action& action) {
    if (ended_) return;
    if (error) {
      refuse("it went before it said who it is: " + error.message());
      return;
    }
    try {
      action();
    } catch (const std::exception& wrong) {
      refuse(wrong.what());
    }
  }

  void read_header() {
    preamble_ = decode_preamble(preamble_bytes_, kStrangerLimits);
    if (preamble_.kind != FrameKind::Hello) {
      throw std::invalid_argument(fmt::format("[greet] its first frame is of kind {}, needs {}",
                                              static_cast<int>(preamble_.kind),
                                              static_cast<int>(FrameKind::Hello)));
    }
    header_.resize(preamble_.header_bytes);
    asio::async_read(socket_, asio::buffer(header_),
                     [self = shared_from_this()](const asio::error_code& error, std::size_t) {
                       self->guarded(error, [&] { self->judge(); });
                     });
  }

  void judge() {
    const Hello guest = decode_hello(preamble_, header_);
    who_ = fmt::format("rank {} at {}", guest.identity.rank, who_);
    if (const std::optional<std::string> why = handlers_.objection(guest)) {
      refuse(*why);
      return;
    }
    // At once, so that nobody else can take the guest's place meanwhile. The socket is new: there
    // is room for so little.
    const Frame welcome = encode_hello(FrameKind::Welcome, handlers_.welcome(guest));
    asio::error_code error;
    if (socket_.write_some(asio::buffer(welcome.head), error) != welcome.head.size()) {
      refuse("it does not listen: " + error.message());
      return;
    }
    const int socket = socket_.release();
    cancel();
    handlers_.welcomed(guest, socket);
  }

  void refuse(const std::string& why) {
    if (ended_) return;
    const Frame refusal = encode_refusal(why);
    asio::error_code ignored;  // It may be gone, or not listen.
    socket_.write_some(asio::buffer(refusal.head), ignored);
    cancel();
    handlers_.refused(who_, why);
  }

  StreamSocket socket_;
  asio::steady_timer timer_;
  std::string who_;
  const GreeterHandlers& handlers_;
  const std::function<void(const std::shared_ptr<Greeting>&)> done_;
  std::array<std::byte, kPreambleBytes> preamble_bytes_{};
  Preamble preamble_;
  std::vector<std::byte> header_;
  bool ended_ = false;
};

void require_private(const std::string& path) {
  fs::path folder = fs::path(path).parent_path();
  if (folder.empty()) folder = ".";
  struct stat status {};
  const bool found = stat(folder.c_str(), &status) == 0;
  if (!found || status.st_uid != geteuid() || (status.st_mode & 077U) != 0) {
    throw std::invalid_argument(fmt::format(
        "[listen] {}: folder {} {}, needs one of this user with mode 0700", path, folder.string(),
        found ? fmt::format("has mode {:04o}", status.st_mode & 07777U) : "does not exist"));
  }
}

}  // namespace

class Greeter::Door : public std::enable_shared_from_this<Door> {
 public:
  Door(const IoThread& io, std::chrono::milliseconds bound, GreeterHandlers handlers)
      : context_(io.context()), bound_(bound), handlers_(std::move(handlers)) {}

  Address listen(Address address) {
    if (address.kind == Address::Kind::Unix) {
      require_private(address.name);
      const asio::local::stream_protocol::endpoint endpoint(address.name);
      accept(std::make_shared<asio::local::stream_protocol::acceptor>(*context_, endpoint),
             to_string(address));
      add_closer([path = address.name] { ::unlink(path.c_str()); });
      return address;
    }
    asio::ip::tcp::resolver resolver(*context_);
    const auto found = resolver.resolve(address.name, std::to_string(address.port),
                                        asio::ip::resolver_base::passive);
    auto acceptor = std::make_shared<asio::ip::tcp::acceptor>(*context_, found.begin()->endpoint());
    address.port = acceptor->local_endpoint().port();
    accept(std::move(acceptor), to_string(address));
    return address;
  }

  void close() {
    asio::post(*context_, [self = shared_from_this()] {
      self->closed_ = true;
      for (const auto& closer : std::exchange(self->closers_, {})) closer();
      for (const auto& greeting : std::set(self->greetings_)) greeting->cancel();
    });
  }

 private:
  void add_closer(std::function<void()> closer) {
    asio::post(*context_, [self = shared_from_this(), closer = std::move(closer)]() mutable {
      self->closers_.push_back(std::move(closer));
    });
  }

  template <typename Acceptor>
  void accept(std::shared_ptr<Acceptor> acceptor, std::string where) {
    add_closer([acceptor] {
      asio::error_code ignored;  // It is closed whatever this says.
      acceptor->close(ignored);
    });
    asio::post(*context_, [self = shared_from_this(), acceptor = std::move(acceptor),
                           where = std::move(where)] { self->accept_next(acceptor, where); });
  }

  template <typename Acceptor>
  void accept_next(const std::shared_ptr<Acceptor>& acceptor, const std::string& where) {
    acceptor->async_accept(
        [self = shared_from_this(), acceptor, where](
            const asio::error_code& error, typename Acceptor::protocol_type::socket socket) {
          if (self->closed_ || error == asio::error::operation_aborted) return;
          // An error here is the guest's, or passes: a process that has no socket numbers left.
          if (!error) self->greet(std::move(socket), where);
          self->accept_next(acceptor, where);
        });
  }

  template <typename Socket>
  void greet(Socket socket, const std::string& where) {
    if (greetings_.size() >= kMaxGreetings) {
      handlers_.refused(where, fmt::format("{} others are at the door", kMaxGreetings));
      return;
    }
    std::string who = where;
    asio::error_code error;
    if constexpr (std::is_same_v<Socket, asio::ip::tcp::socket>) {
      const asio::ip::tcp::endpoint from = socket.remote_endpoint(error);
      if (!error) who = fmt::format("tcp:{}:{}", from.address().to_string(), from.port());
    }
    socket.non_blocking(true, error);
    auto greeting = std::make_shared<Greeting>(
        StreamSocket(std::move(socket)), std::move(who), handlers_,
        [self = shared_from_this()](const std::shared_ptr<Greeting>& ended) {
          self->greetings_.erase(ended);
        });
    greetings_.insert(greeting);
    greeting->start(bound_);
  }

  const std::shared_ptr<asio::io_context> context_;
  const std::chrono::milliseconds bound_;
  const GreeterHandlers handlers_;
  std::vector<std::function<void()>> closers_;
  std::set<std::shared_ptr<Greeting>> greetings_;
  bool closed_ = false;
};

Greeter::Greeter(const IoThread& io, std::chrono::milliseconds bound, GreeterHandlers handlers)
    : door_(std::make_shared<Door>(io, bound, std::move(handlers))) {}

Greeter::~Greeter() { close(); }

Address Greeter::listen(const Address& address) {
  try {
    return door_->listen(address);
  } catch (const asio::system_error& error) {
    throw Error(ErrorCode::HostLost,
                fmt::format("[listen] {}: {}; needs an address of this machine and a free port",
                            to_string(address), error.code().message()));
  }
}

void Greeter::close() {
  if (const std::shared_ptr<Door> door = std::exchange(door_, nullptr)) door->close();
}

}  // namespace ttmesh::mesh
