// The other process of tests/transport/peer_test.cpp: rank 1 of two hosts.
//   ttmesh_transport_peer tcp:HOST:PORT|unix:PATH     of one run
//   ttmesh_transport_peer mpi                         of one after another, as mpirun's rank 1
// Says when it has joined, and sends back what comes, or, once it has been told to record a trace,
// holds it until it is told otherwise. Ends with 0 after rank 0's goodbye, 4 if rank 0 was lost;
// over MPI after the run in which rank 0 asked for reports.
#include <cstdio>
#include <exception>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "mesh/transport/transport.hpp"
#include "tests/transport/host.hpp"

namespace ttmesh::mesh {
namespace {

constexpr int kGoodbye = 0;
constexpr int kLost = 4;
constexpr int kLastRun = 5;

/// Memory that this process has taken at most.
std::uint64_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes << 10U;
  }
  return 0;
}

/// Rank 1 of one run.
class Peer {
 public:
  explicit Peer(TransportKind kind)
      : transport_(make_transport(
            kind, options_of(1, 2),
            {.received = [this](int rank, const Message& message,
                                Receipt receipt) { received(rank, message, std::move(receipt)); },
             .lost =
                 [this](int, const std::string& why) {
                   std::fprintf(stderr, "host 0 %s\n", why.c_str());
                   ended_.set_value(kLost);
                 },
             .refused = [](const std::string&, const std::string&) {}})) {}

  int run(const MeetingPlace& place) {
    transport_->join(place, kPatience);
    (void)transport_->send(0, wire::ActivityCount{});  // Here it is.
    const int code = ended_.get_future().get();
    transport_->close();
    return code;
  }

 private:
  // Handlers run after `join` has begun, so that the transport is there.
  void received(int rank, const Message& message, Receipt receipt) {
    if (std::holds_alternative<wire::Stop>(message)) {
      ended_.set_value(is_last_ ? kLastRun : kGoodbye);
    } else if (std::holds_alternative<wire::ReportQuestion>(message)) {
      is_last_ = true;
    } else if (const auto* record = std::get_if<wire::Record>(&message)) {
      holds_ = record->trace;
      echoes_ = false;
      if (!holds_) held_.clear();
    } else if (const auto* probe = std::get_if<wire::ActivityProbe>(&message)) {
      (void)transport_->send(
          rank,
          wire::ActivityCount{.wave = probe->wave, .sent = peak_bytes(), .received = received_});
    } else {
      ++received_;
      if (holds_) held_.push_back(std::move(receipt));
      if (echoes_) (void)transport_->send(rank, message);
    }
  }

  std::promise<int> ended_;
  bool is_last_ = false;
  bool echoes_ = true;
  bool holds_ = false;
  std::uint64_t received_ = 0;
  std::vector<Receipt> held_;
  std::unique_ptr<Transport> transport_;
};

int run(const std::string& address) {
  if (address != "mpi") {
    const TransportKind kind =
        address.starts_with("unix") ? TransportKind::Unix : TransportKind::Tcp;
    // Rank 0 knows that nobody else will come, and this rank connects to nobody else.
    return Peer(kind).run({.rank_0 = address, .own = {}});
  }
  for (;;) {
    const int code = Peer(TransportKind::Mpi).run({});
    if (code == kLastRun) return 0;
    if (code != kGoodbye) return code;
  }
}

}  // namespace
}  // namespace ttmesh::mesh

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: ttmesh_transport_peer tcp:HOST:PORT|unix:PATH|mpi\n");
    return 2;
  }
  try {
    return ttmesh::mesh::run(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 3;
  }
}
