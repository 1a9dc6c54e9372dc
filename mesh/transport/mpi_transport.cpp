#include "mesh/transport/mpi_transport.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/transport/message_codec.hpp"
#include "mesh/transport/mpi_connection.hpp"
#include "mesh/transport/mpi_process.hpp"

namespace ttmesh::mesh {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// Goodbyes are waited for longer than by a transport that can leave without: a peer that does not
/// answer because it is stopped is noticed before, by its silence.
constexpr auto kGoodbyeBound = 10s;

/// Heads taken in one look before their frames are served.
constexpr int kHeadsPerLook = 64;

}  // namespace

class MpiTransport::State {
 public:
  State(TransportOptions options, TransportHandlers handlers)
      : options_(std::move(options)), handlers_(std::move(handlers)) {}

  void join(std::chrono::milliseconds bound) {
    const auto deadline = Clock::now() + bound;
    MpiProcess& process = MpiProcess::get(bound);
    require_place(process);
    process_ = &process;
    start();
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [&] { return introduced_.size() == connections_.size(); });
    if (!refused_.empty()) {
      const auto& [rank, why] = *refused_.begin();
      throw Error(ErrorCode::HostLost,
                  fmt::format("[join] rank {} cannot be host {}: {}", rank, rank, why));
    }
    for (const auto& [rank, why] : gone_) {
      // A host may have had all that it needs, and said goodbye, before this one has looked.
      if (all_met_ && why.empty()) continue;
      throw Error(ErrorCode::HostLost,
                  fmt::format("[join] host {} is gone: it {}; look at its messages", rank,
                              why.empty() ? "said goodbye" : why));
    }
    std::vector<int> missing;
    for (const auto& [rank, connection] : connections_) {
      if (!introduced_.contains(rank)) missing.push_back(rank);
    }
    if (missing.empty()) return;
    throw Error(
        ErrorCode::HostLost,
        fmt::format("[join] {} of {} hosts are missing after {:.1f} s: rank {}; "
                    "look at their messages",
                    missing.size(), options_.identity.hosts,
                    std::chrono::duration<double>(bound).count(), fmt::join(missing, ", ")));
  }

  bool send(int rank, const Message& message) {
    if (std::holds_alternative<wire::Stop>(message)) {
      throw std::invalid_argument("[send] a goodbye, which close() says");
    }
    return connection(rank).send(stream_of(message), encode(message));
  }

  bool await_room(int rank, std::size_t bytes, std::chrono::milliseconds bound) const {
    return connection(rank).await_room(bytes, bound);
  }

  std::size_t held_bytes(int rank) const { return connection(rank).held_bytes(); }

  void close() {
    if (process_ != nullptr && process_->is_current()) {
      throw std::logic_error("[close] called from a handler");
    }
    if (closed_.exchange(true) || process_ == nullptr) return;
    for (const auto& [rank, connection] : connections_) connection->say_goodbye("it closes");
    const auto deadline = Clock::now() + kGoodbyeBound;
    for (const auto& [rank, connection] : connections_) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      const bool met = [&, rank = rank] {
        const std::lock_guard lock(mutex_);
        return introduced_.contains(rank);
      }();
      if (met && connection->await_end(std::max(left, 0ms))) continue;
      connection->end("closed before all it had sent was taken");
      (void)connection->await_end(kGoodbyeBound);
    }
    process_->detach();
  }

 private:
  void require_place(const MpiProcess& process) const {
    const Identity& self = options_.identity;
    if (process.size() == self.hosts && process.rank() == self.rank) return;
    throw Error(ErrorCode::HostLost,
                fmt::format("[join] MPI makes this process rank {} of {}, but it is host {} of {}: "
                            "start all hosts with one mpirun -n {}, of the MPI that ttmesh was "
                            "built with",
                            process.rank(), process.size(), self.rank, self.hosts, self.hosts));
  }

  void start() {
    // The first look comes after all connections are there.
    std::unique_lock lock(mutex_);
    const int transport = process_->attach([this] { return look(); });
    heads_ = tags_of(transport).heads;
    const Hello hello{
        .identity = options_.identity, .window_bytes = options_.window_bytes, .address = {}};
    for (int rank = 0; rank < options_.identity.hosts; ++rank) {
      if (rank == options_.identity.rank) continue;
      connections_[rank] = std::make_shared<MpiConnection>(
          *process_,
          MpiConnectionOptions{.rank = rank,
                               .tags = tags_of(transport),
                               .limits = options_.limits,
                               .receive_window_bytes = options_.window_bytes,
                               .silence_bound = options_.silence_bound},
          MpiConnectionHandlers{
              .introduced = [this, rank](const Hello& guest) { return introduced(rank, guest); },
              .connection = {.received =
                                 [this, rank](Message message, Receipt receipt) {
                                   handlers_.received(rank, std::move(message), std::move(receipt));
                                 },
                             .ended = [this, rank](const std::string& why) { ended(rank, why); }}});
      connections_[rank]->introduce(hello);
    }
  }

  MpiConnection& connection(int rank) const {
    const auto found = connections_.find(rank);
    if (found == connections_.end()) {
      throw std::invalid_argument(
          fmt::format("[MpiTransport] host {} is not connected, needs join first", rank));
    }
    return *found->second;
  }

  // From here on: MPI's thread.

  bool look() {
    {
      const std::lock_guard lock(mutex_);  // Until `start` is through.
    }
    bool busy = false;
    for (int i = 0; i < kHeadsPerLook && take_head(); ++i) busy = true;
    for (const auto& [rank, connection] : connections_) busy = connection->poll() || busy;
    return busy;
  }

  bool take_head() {
    int found = 0;
    int bytes = 0;
    MPI_Message message = MPI_MESSAGE_NULL;
    MPI_Status status;
    // An error here is one of MPI, which each connection meets too, and ends by.
    if (MPI_Improbe(MPI_ANY_SOURCE, heads_, MPI_COMM_WORLD, &found, &message, &status) !=
            MPI_SUCCESS ||
        found == 0 || MPI_Get_count(&status, MPI_BYTE, &bytes) != MPI_SUCCESS) {
      return false;
    }
    connections_.at(status.MPI_SOURCE)->take(message, bytes);
    return true;
  }

  bool introduced(int rank, const Hello& guest) {
    std::optional<std::string> why = objection(options_.identity, guest, {});
    if (!why && guest.identity.rank != rank) {
      why = fmt::format("it has rank {}, needs {}", guest.identity.rank, rank);
    }
    {
      const std::lock_guard lock(mutex_);
      introduced_.insert(rank);
      if (why) refused_[rank] = *why;
      all_met_ = all_met_ || (gone_.empty() && introduced_.size() == connections_.size());
      changed_.notify_all();
    }
    if (why) handlers_.refused(fmt::format("rank {}", rank), *why);
    return !why;
  }

  void ended(int rank, const std::string& why) {
    bool refused = false;
    {
      const std::lock_guard lock(mutex_);
      introduced_.insert(rank);
      refused = refused_.contains(rank);
      if (!refused) gone_[rank] = why;
      changed_.notify_all();
    }
    if (!why.empty() && !refused) handlers_.lost(rank, why);
  }

  const TransportOptions options_;
  const TransportHandlers handlers_;
  MpiProcess* process_ = nullptr;                              ///< Once it has joined.
  std::map<int, std::shared_ptr<MpiConnection>> connections_;  ///< By rank; made by `start`.
  int heads_ = 0;                                              ///< Tag.
  std::atomic<bool> closed_ = false;

  std::mutex mutex_;  ///< Guards the next four, and the making of connections.
  std::condition_variable changed_;
  std::set<int> introduced_;  ///< Whose hello, or end, has come.
  bool all_met_ = false;      ///< Once; some may be gone since.
  std::map<int, std::string> refused_;
  std::map<int, std::string> gone_;  ///< Why.
};

MpiTransport::MpiTransport(TransportOptions options, TransportHandlers handlers) {
  check(options, handlers);
  state_ = std::make_unique<State>(std::move(options), std::move(handlers));
}

MpiTransport::~MpiTransport() {
  try {
    close();
  } catch (...) {
    std::terminate();  // A handler destroys the thread that it runs on.
  }
}

void MpiTransport::join(const MeetingPlace&, std::chrono::milliseconds bound) {
  state_->join(bound);
}
bool MpiTransport::send(int rank, const Message& message) { return state_->send(rank, message); }
bool MpiTransport::await_room(int rank, std::size_t bytes, std::chrono::milliseconds bound) {
  return state_->await_room(rank, bytes, bound);
}
std::size_t MpiTransport::held_bytes(int rank) const { return state_->held_bytes(rank); }
void MpiTransport::close() { state_->close(); }

}  // namespace ttmesh::mesh
