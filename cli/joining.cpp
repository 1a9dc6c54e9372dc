#include "cli/joining.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "cli/ending.hpp"
#include "cli/hosting.hpp"
#include "mesh/transport/address.hpp"
#include "ops/product.hpp"

namespace ttmesh::cli {
namespace {

constexpr const char* kHosts = "Hosts started by hand";
constexpr std::size_t kMaxTokenBytes = 1'024;  ///< A handshake has room for it.

/// A file that is closed at the end of its scope.
struct File {
  explicit File(const std::string& path) : number(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (number >= 0) close(number);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int number;
};

[[noreturn]] void refuse_token(const std::string& path, const std::string& why) {
  throw std::invalid_argument(fmt::format(
      "[--token-file] {}: {}; make one with: (umask 077; openssl rand -hex 16 > FILE)", path, why));
}

std::string read_token(const std::string& path) {
  const File file(path);
  struct stat status {};
  if (file.number < 0 || fstat(file.number, &status) != 0) {
    refuse_token(path, std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) refuse_token(path, "is no file");
  if (status.st_uid != geteuid() || (status.st_mode & 077U) != 0) {
    refuse_token(path, fmt::format("has mode {:04o} and owner {}, needs 0600 and this user, {}: "
                                   "others must not read it",
                                   status.st_mode & 07777U, status.st_uid, geteuid()));
  }
  std::array<char, kMaxTokenBytes + 1> buffer{};
  const ssize_t count = read(file.number, buffer.data(), buffer.size());
  if (count < 0) refuse_token(path, std::strerror(errno));
  if (static_cast<std::size_t>(count) > kMaxTokenBytes) {
    refuse_token(path, fmt::format("has more than {} bytes", kMaxTokenBytes));
  }
  std::string token(buffer.data(), static_cast<std::size_t>(count));
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  if (token.empty()) refuse_token(path, "is empty");
  return token;
}

void require_token(const std::string& address, const std::string& token) {
  if (mesh::parse_address(address).kind == mesh::Address::Kind::Unix || !token.empty()) return;
  throw std::invalid_argument(fmt::format(
      "[--token-file] {} needs a secret that all hosts share, or anybody could connect: "
      "give the same --token-file to all",
      address));
}

}  // namespace

std::string token_of(const JoinArguments& arguments) {
  std::string token;
  if (!arguments.token_file.empty()) {
    token = read_token(arguments.token_file);
  } else if (const char* value = std::getenv(kTokenVariable)) {
    token = value;
  }
  if (!arguments.listen.empty()) require_token(arguments.listen, token);
  for (const std::string& address : arguments.connect) require_token(address, token);
  return token;
}

mesh::Hosting rank_0_by_hand(const JoinArguments& arguments, int hosts) {
  const int called = static_cast<int>(arguments.connect.size());
  if (hosts == 1) hosts = 1 + called;
  if (hosts == 1) {
    throw std::invalid_argument(
        "[--listen] the number of hosts is missing, needs --hosts N, of all hosts together");
  }
  if (hosts <= called) {
    throw std::invalid_argument(fmt::format("[--hosts] {} hosts, this one and {} --connect need {}",
                                            hosts, called, 1 + called));
  }
  if (arguments.listen.empty() && hosts != 1 + called) {
    throw std::invalid_argument(fmt::format(
        "[--hosts] {} hosts, {} --connect and this one are {}: name the others by --connect too, "
        "or let them come with --listen",
        hosts, called, 1 + called));
  }
  const std::string& any = arguments.listen.empty() ? arguments.connect.front() : arguments.listen;
  const ops::ValuesPath values = ops::values_path();
  mesh::Hosting hosting{.rank = 0,
                        .hosts = hosts,
                        .transport = kind_of(any),
                        .rank_0 = arguments.listen,
                        .own = arguments.listen,
                        .token = token_of(arguments),
                        .values = values.processor,
                        .library = values.library,
                        .waiting = arguments.connect,
                        .recruits = true,
                        .join_seconds = arguments.wait_seconds,
                        .note = note,
                        .lost = end_unless_reported};
  if (!arguments.listen.empty()) remove_at_end(arguments.listen);
  return hosting;
}

void add_token_options(CLI::App& command, JoinArguments& arguments, const char* group) {
  command
      .add_option("--token-file", arguments.token_file,
                  "File with the secret that the hosts of a run share; its owner alone may read it "
                  "[the variable TTMESH_TOKEN]; TCP needs one")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--wait", arguments.wait_seconds, "How long to wait for the other hosts")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str()
      ->group(group);
}

void add_join_options(CLI::App& command, JoinArguments& arguments) {
  command
      .add_option("--listen", arguments.listen,
                  "Let hosts in that are started with ttmesh host --connect ADDR; needs --hosts. "
                  "ADDR is tcp:HOST:PORT or unix:PATH")
      ->type_name("ADDR")
      ->group(kHosts);
  command
      .add_option("--connect", arguments.connect,
                  "Call a host that was started with ttmesh host --listen ADDR; may be repeated")
      ->type_name("ADDR")
      ->expected(1)
      ->take_all()
      ->group(kHosts);
  add_token_options(command, arguments, kHosts);
}

void note(const std::string& text) { fmt::print(stderr, "ttmesh: {}\n", text); }

}  // namespace ttmesh::cli
