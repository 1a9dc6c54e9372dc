#include "cli/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace ttmesh::cli {
namespace {

constexpr int kNoSuchProgram = 127;
constexpr int kWorldFailed = 3;

[[noreturn]] void fail(const char* what) {
  throw std::runtime_error(std::string("cannot start a process: ") + what + ": " +
                           std::strerror(errno));
}

/// Two ends of a pipe that a later program does not inherit.
struct Pipe {
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe");
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void close_end(std::size_t end) {
    if (ends[end] >= 0) close(ends[end]);
    ends[end] = -1;
  }

  std::array<int, 2> ends{-1, -1};
};

[[noreturn]] void become(const std::vector<char*>& argv, const Pipe& out, const Pipe& err,
                         pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(kWorldFailed);  // It ended before it could be watched.
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  dup2(out.ends[1], STDOUT_FILENO);
  dup2(err.ends[1], STDERR_FILENO);
  execvp(argv.front(), argv.data());
  _exit(kNoSuchProgram);
}

/// Reads what there is; false at the end.
bool read_some(int file, std::string& text) {
  std::array<char, 65536> buffer{};
  const ssize_t count = read(file, buffer.data(), buffer.size());
  if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && errno == EINTR);
}

}  // namespace

ChildOutcome run_child(const std::vector<std::string>& words) {
  std::vector<std::string> own = words;
  std::vector<char*> argv;
  for (std::string& word : own) argv.push_back(word.data());
  argv.push_back(nullptr);

  Pipe out;
  Pipe err;
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) become(argv, out, err, parent);
  out.close_end(1);
  err.close_end(1);

  ChildOutcome outcome{.exit_code = kWorldFailed, .out = {}, .err = {}};
  while (out.ends[0] >= 0 || err.ends[0] >= 0) {
    std::array<pollfd, 2> watched{pollfd{out.ends[0], POLLIN, 0}, pollfd{err.ends[0], POLLIN, 0}};
    if (poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[0].revents != 0 && !read_some(out.ends[0], outcome.out)) out.close_end(0);
    if (watched[1].revents != 0 && !read_some(err.ends[0], outcome.err)) err.close_end(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  return outcome;
}

std::string own_program() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

}  // namespace ttmesh::cli
