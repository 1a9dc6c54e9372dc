#include "cli/launch.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <utility>

#include "cli/child.hpp"
#include "cli/hosting.hpp"
#include "cli/pipe.hpp"
#include "mesh/transport/address.hpp"
#include "mesh/transport/handshake.hpp"
#include "sim/quantity.hpp"

namespace ttmesh::cli {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int kWorldFailed = 3;
constexpr int kMostHosts = 64;
/// Hosts notice by themselves that another one has gone; after this they are ended.
constexpr auto kGrace = 500ms;

/// One process.
struct Host {
  int rank;
  pid_t process = -1;
  Pipe words;        ///< What it says.
  std::string line;  ///< Its last line, not ended yet.
  int exit_code = 0;
};

int hosts_in(const std::string& text) {
  const auto hosts = sim::parse_count(text);
  if (hosts && *hosts >= 1 && *hosts <= kMostHosts) return *hosts;
  throw std::invalid_argument(
      fmt::format("[--hosts] '{}' is no number of hosts, needs 1 to {}", text, kMostHosts));
}

[[noreturn]] void become(Host& host, const Launch& launch, const mesh::SocketDirectory& sockets,
                         const std::string& token, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kWorldFailed);  // It ended before it could be watched.
  std::signal(SIGINT, SIG_DFL);
  setenv(kRankVariable, std::to_string(host.rank).c_str(), 1);
  setenv(kHostsVariable, std::to_string(launch.hosts).c_str(), 1);
  setenv(kRank0Variable, to_string(sockets.address(0)).c_str(), 1);
  setenv(kOwnVariable, to_string(sockets.address(host.rank)).c_str(), 1);
  setenv(kTokenVariable, token.c_str(), 1);
  dup2(host.words.ends[1], STDERR_FILENO);
  if (host.rank > 0) dup2(host.words.ends[1], STDOUT_FILENO);
  std::vector<std::string> words{own_program()};
  words.insert(words.end(), launch.words.begin(), launch.words.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(argv.front(), argv.data());
  _exit(kWorldFailed);
}

/// Prints the lines that a host has ended.
void pass_on(Host& host, bool all) {
  for (std::size_t end = host.line.find('\n'); end != std::string::npos;
       end = host.line.find('\n')) {
    fmt::print(stderr, "[{}] {}\n", host.rank, host.line.substr(0, end));
    host.line.erase(0, end + 1);
  }
  if (all && !host.line.empty()) fmt::print(stderr, "[{}] {}\n", host.rank, host.line);
}

/// Notes how a process ended, if it has.
void look_after(Host& host) {
  int status = 0;
  if (host.process < 0 || waitpid(host.process, &status, WNOHANG) != host.process) return;
  host.process = -1;
  host.exit_code = WIFEXITED(status) ? std::min(WEXITSTATUS(status), kWorldFailed) : kWorldFailed;
  if (WIFSIGNALED(status)) {
    fmt::print(stderr, "[{}] ended by signal {}\n", host.rank, WTERMSIG(status));
  }
}

void watch(std::vector<std::unique_ptr<Host>>& hosts) {
  std::optional<Clock::time_point> first_failure;
  const auto runs = [](const auto& host) { return host->process >= 0; };
  const auto talks = [](const auto& host) { return host->words.ends[0] >= 0; };
  while (std::any_of(hosts.begin(), hosts.end(), runs) ||
         std::any_of(hosts.begin(), hosts.end(), talks)) {
    std::vector<pollfd> watched;
    for (const auto& host : hosts) watched.push_back({host->words.ends[0], POLLIN, 0});
    poll(watched.data(), watched.size(), 20);
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      Host& host = *hosts[i];
      if (watched[i].revents != 0 && !read_some(host.words.ends[0], host.line)) {
        host.words.close_end(0);
      }
      pass_on(host, host.words.ends[0] < 0);
      if (host.words.ends[0] < 0) host.line.clear();
      look_after(host);
      if (host.process < 0 && host.exit_code != 0 && !first_failure) first_failure = Clock::now();
    }
    if (!first_failure || Clock::now() - *first_failure < kGrace) continue;
    for (const auto& host : hosts) {
      if (host->process >= 0) kill(host->process, SIGKILL);
    }
  }
}

}  // namespace

int launch(const Launch& launch) {
  const std::string& command = launch.words.front();
  if (command != "run" && command != "ccl" && command != "generate") {
    throw std::invalid_argument(fmt::format(
        "[--hosts] {} does not run on several hosts; run, ccl and generate do", command));
  }
  const mesh::SocketDirectory sockets;
  const std::string token = mesh::make_token();
  // A signal from the terminal reaches the hosts too: this process stays to tidy up after them.
  std::signal(SIGINT, SIG_IGN);
  std::vector<std::unique_ptr<Host>> hosts;
  const pid_t parent = getpid();
  for (int rank = 0; rank < launch.hosts; ++rank) {
    hosts.push_back(std::make_unique<Host>());
    Host& host = *hosts.back();
    host.rank = rank;
    host.process = fork();
    if (host.process < 0) fail_to_start("fork");
    if (host.process == 0) become(host, launch, sockets, token, parent);
    host.words.close_end(1);
  }
  watch(hosts);
  int exit_code = 0;
  for (const auto& host : hosts) exit_code = std::max(exit_code, host->exit_code);
  return exit_code;
}

std::optional<Launch> launch_of(const std::vector<std::string>& words) {
  Launch found{.hosts = 1, .words = words};
  if (words.empty() || words.front() == "launch" || words.front() == "sweep") return std::nullopt;
  for (auto word = found.words.begin(); word != found.words.end(); ++word) {
    const std::string prefix = "--hosts=";
    if (word->rfind(prefix, 0) == 0) {
      found.hosts = hosts_in(word->substr(prefix.size()));
      found.words.erase(word);
      break;
    }
    if (*word == "--hosts" && word + 1 != found.words.end()) {
      found.hosts = hosts_in(*(word + 1));
      found.words.erase(word, word + 2);
      break;
    }
  }
  if (found.words.size() == words.size()) return std::nullopt;
  return found;
}

void add_launch(CLI::App& app, const std::vector<std::string>& words, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "launch", "Run a command on several hosts: processes of this machine that share the mesh");
  command->footer(
      "The command follows after --. Values, virtual time and trace are those of one process.\n\n"
      "Example:\n"
      "  ttmesh launch --hosts 2 -- run mlp --model llama-3.1-8b -t t3k:1x8:ring");
  const auto hosts = std::make_shared<int>(2);
  command->add_option("--hosts", *hosts, "Processes, each with an equal part of every mesh")
      ->required()
      ->type_name("N")
      ->check(CLI::Range(1, kMostHosts));
  command->callback([hosts, words, &exit_code] {
    if (words.empty()) {
      throw std::invalid_argument("[launch] no command follows; needs launch --hosts N -- run ...");
    }
    exit_code = launch({.hosts = *hosts, .words = words});
  });
}

}  // namespace ttmesh::cli
