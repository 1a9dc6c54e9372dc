#include "tests/transport/counting_relay.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace ttmesh::mesh {
namespace {

constexpr int kLookMilliseconds = 20;
constexpr int kCallers = 8;

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::invalid_argument(path + " is too long");
  path.copy(address.sun_path, path.size());
  return address;
}

}  // namespace

CountingRelay::CountingRelay(std::string own, std::string other)
    : own_(std::move(own)),
      other_(std::move(other)),
      listening_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_un address = address_of(own_);
  if (bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listening_, kCallers) != 0) {
    close(listening_);
    throw std::runtime_error("cannot listen at " + own_);
  }
  thread_ = std::thread([this] { serve(); });
}

CountingRelay::~CountingRelay() {
  stopped_ = true;
  thread_.join();
  for (const Pair& pair : pairs_) {
    close(pair.a);
    close(pair.b);
  }
  close(listening_);
  unlink(own_.c_str());
}

void CountingRelay::serve() {
  while (!stopped_) {
    std::vector<pollfd> watched{{listening_, POLLIN, 0}};
    for (const Pair& pair : pairs_) {
      watched.push_back({pair.a, POLLIN, 0});
      watched.push_back({pair.b, POLLIN, 0});
    }
    poll(watched.data(), watched.size(), kLookMilliseconds);
    std::vector<Pair> kept;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const Pair& pair = pairs_[i];
      const bool goes_on = (watched[1 + 2 * i].revents == 0 || pass(pair.a, pair.b)) &&
                           (watched[2 + 2 * i].revents == 0 || pass(pair.b, pair.a));
      if (goes_on) {
        kept.push_back(pair);
      } else {
        close(pair.a);
        close(pair.b);
      }
    }
    pairs_ = std::move(kept);
    if (watched[0].revents != 0) let_in();
  }
}

// Who calls before the other side listens is left to wait for it.
void CountingRelay::let_in() {
  const int callee = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_of(other_);
  if (connect(callee, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(callee);
    poll(nullptr, 0, kLookMilliseconds);
    return;
  }
  pairs_.push_back({accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC), callee});
}

bool CountingRelay::pass(int from, int to) {
  std::vector<char> buffer(1U << 16U);
  const ssize_t count = recv(from, buffer.data(), buffer.size(), 0);
  if (count <= 0) return false;
  bytes_ += count;
  for (ssize_t sent = 0; sent < count;) {
    const ssize_t now =
        send(to, buffer.data() + sent, static_cast<std::size_t>(count - sent), MSG_NOSIGNAL);
    if (now < 0) return false;
    sent += now;
  }
  return true;
}

}  // namespace ttmesh::mesh
