#include "cli/ending.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include "mesh/transport/address.hpp"

namespace ttmesh::cli {
namespace {

using namespace std::chrono_literals;

constexpr int kWorldFailed = 3;

/// For the thread that has the command to report a lost host itself. `ttmesh launch` waits longer.
constexpr auto kToReport = 100ms;

std::atomic<bool> reported{false};

// Known to threads and signal handlers that may outlive everything else.
std::array<char, 16> speaker_text{};
std::array<char, 108> socket_path{};

void end_by_signal(int number) {
  unlink(socket_path.data());
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void print(const std::string& what) {
  fmt::print(stderr, "{}ttmesh: error: {}\n", speaker_text.data(), what);
}

}  // namespace

void set_speaker(const std::string& speaker) {
  speaker.copy(speaker_text.data(), speaker_text.size() - 1);
}

void report_error(const std::string& what) {
  if (!reported.exchange(true)) {
    print(what);
    return;
  }
  for (;;) pause();
}

void end_unless_reported(const std::string& what) {
  std::thread([what] {
    std::this_thread::sleep_for(kToReport);
    if (reported.exchange(true)) return;
    print(what);
    // Results so far, unless the other thread is writing them: then nobody reads.
    if (ftrylockfile(stdout) == 0) {
      fflush_unlocked(stdout);
      funlockfile(stdout);
    }
    unlink(socket_path.data());
    _exit(kWorldFailed);
  }).detach();
}

void remove_at_end(const std::string& address) {
  const mesh::Address parsed = mesh::parse_address(address);
  if (parsed.kind != mesh::Address::Kind::Unix) return;
  parsed.name.copy(socket_path.data(), socket_path.size() - 1);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) std::signal(number, end_by_signal);
}

}  // namespace ttmesh::cli
