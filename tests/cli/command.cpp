#include "tests/cli/command.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {  // glibc 2.36 leaves that to its user.
#include <sys/pidfd.h>
}

#include <cerrno>
#include <csignal>
#include <stdexcept>

namespace ttmesh::cli {
namespace {

constexpr int kLimitMilliseconds = 120'000;

/// Starts a program as the leader of a new process group, with its output in files.
pid_t spawn(const std::string& program, std::vector<std::string> words, const std::string& out,
            const std::string& err) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  const int flags = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, out.c_str(), flags, 0600);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, err.c_str(), flags, 0600);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);

  pid_t child = -1;
  const int failure =
      posix_spawnp(&child, program.c_str(), &files, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failure != 0) throw std::runtime_error("cannot start " + program);
  return child;
}

/// Whether a child ends within the limit.
bool ends(pid_t child) {
  const int handle = pidfd_open(child, 0);
  if (handle < 0) throw std::runtime_error("pidfd_open failed");
  pollfd watched{handle, POLLIN, 0};
  int ready = -1;
  do {
    ready = poll(&watched, 1, kLimitMilliseconds);
  } while (ready < 0 && errno == EINTR);
  close(handle);
  return ready == 1;
}

}  // namespace

Outcome ttmesh(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{TTMESH_COMMAND};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return run_program(words);
}

Outcome run_program(const std::vector<std::string>& words) {
  const ScratchFolder scratch;
  const pid_t child = spawn(words.front(), words, scratch.path("out"), scratch.path("err"));
  if (!ends(child)) {
    kill(-child, SIGKILL);
    ADD_FAILURE() << "still running after " << kLimitMilliseconds << " ms";
  }
  int status = 0;
  waitpid(child, &status, 0);
  Outcome outcome{.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                  .out = scratch.read("out"),
                  .err = scratch.read("err"),
                  .left_processes = kill(-child, 0) == 0};
  if (outcome.left_processes) kill(-child, SIGKILL);
  return outcome;
}

nlohmann::json json_of(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--json", "-"});
  const Outcome outcome = ttmesh(arguments);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  nlohmann::json json = nlohmann::json::parse(outcome.out, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << outcome.out;
  return json;
}

}  // namespace ttmesh::cli
