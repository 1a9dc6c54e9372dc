#include "cli/launch.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>
#include <stdexcept>
#include <utility>

#include "cli/child.hpp"
#include "cli/hosting.hpp"
#include "cli/pipe.hpp"
#include "cli/ranks.hpp"
#include "mesh/transport/address.hpp"
#include "mesh/transport/handshake.hpp"
#include "mesh/transport/port_reservation.hpp"
#include "sim/quantity.hpp"

namespace ttmesh::cli {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int kWorldFailed = 3;
constexpr int kMostHosts = 64;
/// Hosts notice by themselves that another one has gone; after this they are ended.
constexpr auto kGrace = 250ms;
/// A host that was killed is news to them, one that has ended because of another one is not.
constexpr auto kGraceOfKilled = 500ms;

/// One process.
struct Host {
  int rank;
  pid_t process = -1;
  Pipe words;        ///< What it says.
  std::string line;  ///< Its last line, not ended yet.
  int exit_code = 0;
  bool was_killed = false;  ///< By a signal.
  bool was_ended = false;   ///< By us: another one had failed.
};

/// Whether the other hosts are started by hand.
bool is_by_hand(const std::string& word) {
  return word.starts_with("--listen") || word.starts_with("--connect");
}

/// The value of an option, as "--option VALUE" or "--option=VALUE".
std::optional<std::string> value_of(const std::vector<std::string>& words,
                                    const std::string& option) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].starts_with(option + "=")) return words[i].substr(option.size() + 1);
    if (words[i] == option && i + 1 < words.size()) return words[i + 1];
  }
  return std::nullopt;
}

int hosts_in(const std::string& text) {
  const auto hosts = sim::parse_count(text);
  if (hosts && *hosts >= 1 && *hosts <= kMostHosts) return *hosts;
  throw std::invalid_argument(
      fmt::format("[--hosts] '{}' is no number of hosts, needs 1 to {}", text, kMostHosts));
}

/// Where hosts meet: what a launch makes for the time of the run.
class Venue {
 public:
  explicit Venue(mesh::TransportKind kind) {
    if (kind == mesh::TransportKind::Unix) sockets_.emplace();
    if (kind == mesh::TransportKind::Tcp) port_.emplace();
  }

  /// Where a host listens. The others are told by rank 0 where those above it do.
  std::string address(int rank) const {
    if (sockets_) return to_string(sockets_->address(rank));
    return fmt::format("tcp:127.0.0.1:{}", rank == 0 ? port_->port() : 0);
  }

 private:
  std::optional<mesh::SocketDirectory> sockets_;
  std::optional<mesh::PortReservation> port_;
};

/// What ends a launch, and all hosts with it; SIGPIPE if nobody reads any more what it says.
constexpr std::array kEnds{SIGINT, SIGTERM, SIGHUP, SIGPIPE};

volatile std::sig_atomic_t interruption = 0;  // A signal handler has no other way to tell.

void note_interruption(int number) { interruption = number; }

/// Lets a signal end the hosts before this process, which tidies up after them.
void await_interruptions() {
  struct sigaction action {};
  action.sa_handler = note_interruption;  // Without SA_RESTART: waits end.
  for (const int number : kEnds) sigaction(number, &action, nullptr);
}

void say(const std::string& line) { std::fputs((line + '\n').c_str(), stderr); }

[[noreturn]] void become(Host& host, const Launch& launch, const Venue& venue,
                         const std::string& token, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kWorldFailed);  // It ended before it could be watched.
  for (const int number : kEnds) std::signal(number, SIG_DFL);
  setenv(kRankVariable, std::to_string(host.rank).c_str(), 1);
  setenv(kHostsVariable, std::to_string(launch.hosts).c_str(), 1);
  setenv(kRank0Variable, venue.address(0).c_str(), 1);
  setenv(kOwnVariable, venue.address(host.rank).c_str(), 1);
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

/// Prints what hosts say, line by line. An error that all of them find is printed once.
class Echo {
 public:
  /// The lines that a host has ended; at its end the last one, too.
  void pass_on(Host& host, bool all) {
    for (std::size_t end = host.line.find('\n'); end != std::string::npos;
         end = host.line.find('\n')) {
      echo(host.rank, host.line.substr(0, end));
      host.line.erase(0, end + 1);
    }
    if (!all || host.line.empty()) return;
    echo(host.rank, host.line);
    host.line.clear();
  }

 private:
  void echo(int rank, const std::string& line) {
    if (line.starts_with("ttmesh: error:") && !errors_.insert(line).second) return;
    say(fmt::format("[{}] {}", rank, line));
  }

  std::set<std::string> errors_;
};

/// Notes how a process ended, if it has.
void look_after(Host& host) {
  int status = 0;
  if (host.process < 0 || waitpid(host.process, &status, WNOHANG) != host.process) return;
  host.process = -1;
  if (host.was_ended && WIFSIGNALED(status)) return;
  host.exit_code = WIFEXITED(status) ? std::min(WEXITSTATUS(status), kWorldFailed) : kWorldFailed;
  host.was_killed = WIFSIGNALED(status);
  if (host.was_killed && interruption == 0) {
    say(fmt::format("[{}] ended by signal {}", host.rank, WTERMSIG(status)));
  }
}

void interrupt(const std::vector<std::unique_ptr<Host>>& hosts) {
  for (const auto& host : hosts) {
    if (host->process >= 0) kill(host->process, SIGTERM);
  }
}

void end_rest(const std::vector<std::unique_ptr<Host>>& hosts) {
  for (const auto& host : hosts) {
    if (host->process < 0) continue;
    host->was_ended = true;
    kill(host->process, SIGKILL);
  }
}

void watch(std::vector<std::unique_ptr<Host>>& hosts) {
  Echo echo;
  std::optional<Clock::time_point> end_of_grace;
  bool told = false;
  const auto runs = [](const auto& host) { return host->process >= 0; };
  const auto talks = [](const auto& host) { return host->words.ends[0] >= 0; };
  while (std::any_of(hosts.begin(), hosts.end(), runs) ||
         std::any_of(hosts.begin(), hosts.end(), talks)) {
    std::vector<pollfd> watched;
    for (const auto& host : hosts) watched.push_back({host->words.ends[0], POLLIN, 0});
    poll(watched.data(), watched.size(), 20);
    if (interruption != 0 && !std::exchange(told, true)) {
      interrupt(hosts);
      if (!end_of_grace) end_of_grace = Clock::now() + kGrace;
    }
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      Host& host = *hosts[i];
      if (watched[i].revents != 0 && !read_some(host.words.ends[0], host.line)) {
        host.words.close_end(0);
      }
      echo.pass_on(host, host.words.ends[0] < 0);
      look_after(host);
      if (host.process < 0 && host.exit_code != 0 && !end_of_grace) {
        end_of_grace = Clock::now() + (host.was_killed ? kGraceOfKilled : kGrace);
      }
    }
    if (end_of_grace && Clock::now() >= *end_of_grace) end_rest(hosts);
  }
}

}  // namespace

int launch(const Launch& launch) {
  const std::string& command = launch.words.front();
  if (command != "run" && command != "ccl" && command != "generate" && command != "replay") {
    throw std::invalid_argument(fmt::format(
        "[--hosts] {} does not run on several hosts; run, ccl, generate and replay do", command));
  }
  if (launch.transport == mesh::TransportKind::Mpi) {
    refuse_mpi();
  }
  await_interruptions();
  const Venue venue(launch.transport);
  const std::string token = mesh::make_token();
  std::vector<std::unique_ptr<Host>> hosts;
  const pid_t parent = getpid();
  for (int rank = 0; rank < launch.hosts; ++rank) {
    hosts.push_back(std::make_unique<Host>());
    Host& host = *hosts.back();
    host.rank = rank;
    host.process = fork();
    if (host.process < 0) fail_to_start("fork");
    if (host.process == 0) become(host, launch, venue, token, parent);
    host.words.close_end(1);
  }
  watch(hosts);
  if (interruption != 0) {
    say(fmt::format("ttmesh: error: ended by signal {}, and all hosts with it",
                    static_cast<int>(interruption)));
    return kWorldFailed;
  }
  int exit_code = 0;
  for (const auto& host : hosts) exit_code = std::max(exit_code, host->exit_code);
  return exit_code;
}

std::optional<Launch> launch_of(const std::vector<std::string>& words) {
  Launch found{.hosts = 1, .words = words};
  if (words.empty() || words.front() == "launch" || words.front() == "sweep") return std::nullopt;
  if (std::any_of(words.begin(), words.end(), is_by_hand)) return std::nullopt;
  if (const std::optional<std::string> kind = value_of(words, "--transport")) {
    found.transport = mesh::parse_transport_kind(*kind);
  }
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

namespace {

/// What `launch` says of hosts, the command must not say too.
void require_fit(const std::vector<std::string>& words, int hosts) {
  if (std::any_of(words.begin(), words.end(), is_by_hand)) {
    throw std::invalid_argument(
        "[launch] --listen and --connect are for hosts that are started by hand; leave out either "
        "them or launch");
  }
  if (const std::optional<std::string> also = value_of(words, "--hosts")) {
    throw std::invalid_argument(fmt::format(
        "[launch] starts {} hosts, and --hosts {} follows after --; leave the second out", hosts,
        *also));
  }
}

}  // namespace

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
  const auto transport = std::make_shared<std::string>();
  command->add_option("--transport", *transport, "What carries messages between the hosts [unix]")
      ->type_name("unix|tcp")
      ->check(CLI::IsMember({"unix", "tcp", "mpi"}));  // The last is refused with a reason.
  command->callback([hosts, transport, words, &exit_code] {
    if (words.empty()) {
      throw std::invalid_argument("[launch] no command follows; needs launch --hosts N -- run ...");
    }
    require_fit(words, *hosts);
    const std::string kind =
        !transport->empty() ? *transport : value_of(words, "--transport").value_or("unix");
    exit_code =
        launch({.hosts = *hosts, .transport = mesh::parse_transport_kind(kind), .words = words});
  });
}

}  // namespace ttmesh::cli
