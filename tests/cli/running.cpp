#include "tests/cli/running.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace ttmesh::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kWordLimit{60};
constexpr std::chrono::seconds kEndLimit{120};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (std::string& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

Running::Running(const std::vector<std::string>& arguments,
                 const std::vector<std::string>& environment) {
  std::vector<std::string> words{TTMESH_COMMAND};
  words.insert(words.end(), arguments.begin(), arguments.end());
  start(std::move(words), environment);
}

Running::Running(const Program& program, const std::vector<std::string>& environment) {
  start(program.words, environment);
}

Running::~Running() {
  if (process_ > 0) {
    signal_group(SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  hang_up();
}

void Running::hang_up() {
  for (Stream* stream : {&out_, &err_}) {
    if (stream->file >= 0) close(stream->file);
    stream->file = -1;
  }
}

void Running::start(std::vector<std::string> words, std::vector<std::string> environment) {
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipe");
  }
  environment.push_back("TMPDIR=" + temporary_.path(""));
  // The address sanitizer looks for leaks in a process of its own, and a host that is ended
  // meanwhile leaves that behind.
  environment.emplace_back("LSAN_OPTIONS=detect_leaks=0");
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with("TMPDIR=")) environment.emplace_back(*variable);
  }
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, err[1], STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  const int failure = posix_spawnp(&process_, words.front().c_str(), &files, &attributes,
                                   pointers(words).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  close(out[1]);
  close(err[1]);
  out_.file = out[0];
  err_.file = err[0];
  if (failure != 0) {
    process_ = -1;
    throw std::runtime_error("cannot start " + words.front());
  }
}

bool Running::read(int milliseconds) {
  std::array<pollfd, 2> watched{pollfd{out_.is_left ? -1 : out_.file, POLLIN, 0},
                                pollfd{err_.file, POLLIN, 0}};
  poll(watched.data(), watched.size(), milliseconds);
  for (std::size_t i = 0; i < watched.size(); ++i) {
    Stream& stream = i == 0 ? out_ : err_;
    if (watched[i].revents == 0) continue;
    std::array<char, 65'536> buffer{};
    const ssize_t count = ::read(stream.file, buffer.data(), buffer.size());
    if (count > 0) {
      stream.text.append(buffer.data(), static_cast<std::size_t>(count));
    } else {
      close(stream.file);
      stream.file = -1;
    }
  }
  return out_.file >= 0 || err_.file >= 0;
}

bool Running::await(const Stream& stream, const std::string& text) {
  const auto deadline = Clock::now() + kWordLimit;
  while (stream.text.find(text) == std::string::npos) {
    if (Clock::now() > deadline || !read(100)) return stream.text.find(text) != std::string::npos;
  }
  return true;
}

bool Running::await_full_out() {
  out_.is_left = true;
  const int capacity = fcntl(out_.file, F_SETPIPE_SZ, 4096);
  constexpr int kLongestLine = 256;  // A line that has no room waits as a whole.
  const auto deadline = Clock::now() + kWordLimit;
  for (int held = 0; held <= capacity - kLongestLine;) {
    if (Clock::now() > deadline || !read(10) || ioctl(out_.file, FIONREAD, &held) != 0) {
      return false;
    }
  }
  return true;
}

std::optional<pid_t> Running::find_host(int rank) const {
  const std::string task = std::to_string(process_);
  std::istringstream children(content("/proc/" + task + "/task/" + task + "/children"));
  const std::string mark = std::string("TTMESH_RANK=") + std::to_string(rank) + '\0';
  for (pid_t child = 0; children >> child;) {
    if (content("/proc/" + std::to_string(child) + "/environ").find(mark) != std::string::npos) {
      return child;
    }
  }
  return std::nullopt;
}

pid_t Running::host(int rank) const {
  if (const auto host = find_host(rank)) return *host;
  throw std::runtime_error("no host of rank " + std::to_string(rank));
}

bool Running::stop_host(int rank) const {
  const auto deadline = Clock::now() + kWordLimit;
  std::optional<pid_t> host;
  for (bool stopped = false; !stopped; poll(nullptr, 0, 5)) {
    if (Clock::now() > deadline) return false;
    if (!host && (host = find_host(rank))) kill(*host, SIGSTOP);
    const std::string state = host ? content("/proc/" + std::to_string(*host) + "/stat") : "";
    stopped = state.find(") T ") != std::string::npos;
  }
  return true;
}

void Running::signal(int number) const { kill(process_, number); }
void Running::signal_group(int number) const { kill(-process_, number); }

Outcome Running::finish() {
  const auto deadline = Clock::now() + kEndLimit;
  out_.is_left = false;
  int status = 0;
  bool open = true;
  while (waitpid(process_, &status, WNOHANG) == 0) {
    if (Clock::now() > deadline) {
      ADD_FAILURE() << "still running after two minutes\n" << out_.text << err_.text;
      signal_group(SIGKILL);
    }
    if (open) {
      open = read(20);
    } else {
      poll(nullptr, 0, 5);
    }
  }
  const bool left = kill(-process_, 0) == 0;
  if (left) signal_group(SIGKILL);
  while (open) open = read(1'000);
  process_ = -1;
  return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          .out = out_.text,
          .err = err_.text,
          .left_processes = left};
}

std::vector<std::string> Running::left_files() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(temporary_.path(""))) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

}  // namespace ttmesh::cli
