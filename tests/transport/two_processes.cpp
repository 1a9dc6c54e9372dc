#include "tests/transport/two_processes.hpp"

#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace ttmesh::mesh {
namespace {

bool is_rank_of_two() {
  const char* job = std::getenv("TTMESH_TEST_MPI");
  return job != nullptr && std::string_view(job) == "pair";
}

/// Lets the other rank end after all tests.
class MpiRun : public testing::Environment {
 public:
  void TearDown() override {
    if (!is_rank_of_two()) return;
    Host host(options_of(0, 2), {.transport = TransportKind::Mpi});
    host.transport().join({}, kPatience);
    (void)host.transport().send(1, wire::ReportQuestion{});
  }
};

[[maybe_unused]] testing::Environment* const kMpiRun =
    testing::AddGlobalTestEnvironment(new MpiRun);  // GoogleTest deletes it.

}  // namespace

Peer::Peer(const std::string& address) {
  std::string program = TTMESH_TRANSPORT_PEER;
  std::string argument = address;
  std::array<char*, 3> argv{program.data(), argument.data(), nullptr};
  if (posix_spawn(&process_, program.c_str(), nullptr, nullptr, argv.data(), environ) != 0) {
    throw std::runtime_error(program + " cannot be started");
  }
}

Peer::~Peer() {
  if (process_ <= 0) return;
  signal(SIGKILL);
  (void)wait();
}

void Peer::signal(int number) const { ::kill(process_, number); }

std::optional<int> Peer::wait() {
  int status = 0;
  ::waitpid(process_, &status, 0);
  process_ = 0;
  if (!WIFEXITED(status)) return std::nullopt;
  return WEXITSTATUS(status);
}

void TwoProcesses::SetUp() {
  if (GetParam() == TransportKind::Mpi && !is_rank_of_two()) {
    GTEST_SKIP() << "no other rank of MPI: ctest -R mesh_transport_mpi_pair";
  }
  host = std::make_unique<Host>(options_of(0, 2), Host::Settings{.transport = GetParam()});
}

void TwoProcesses::connect() {
  MeetingPlace place;
  if (GetParam() == TransportKind::Unix) {
    place.own = to_string(sockets.emplace().address(0));
  } else if (GetParam() == TransportKind::Tcp) {
    place.own = "tcp:127.0.0.1:" + std::to_string(port.emplace().port());
  }
  if (!place.own.empty()) peer = std::make_unique<Peer>(place.own);
  transport().join(place, kPatience);
  ASSERT_TRUE(host->await_arrivals(1));  // The other host is there too.
  (void)host->take_arrivals();
}

void TwoProcesses::tell_to_hold(bool hold) { (void)transport().send(1, wire::Record{hold}); }

std::optional<wire::ActivityCount> TwoProcesses::ask() {
  (void)transport().send(1, wire::ActivityProbe{++wave_});
  if (!host->await_arrivals(1)) return std::nullopt;
  return std::get<wire::ActivityCount>(host->take_arrivals().front().message);
}

}  // namespace ttmesh::mesh
