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

#include "cli/pipe.hpp"

namespace ttmesh::cli {
namespace {

constexpr int kNoSuchProgram = 127;
constexpr int kWorldFailed = 3;

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
  if (child < 0) fail_to_start("fork");
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
