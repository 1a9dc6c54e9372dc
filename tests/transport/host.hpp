#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "mesh/transport/endpoint.hpp"

namespace ttmesh::mesh {

/// Longer than anything takes that works, sanitizers included.
inline constexpr std::chrono::seconds kPatience{60};

/// Options of `rank` out of `hosts` in a run of the tests.
[[nodiscard]] TransportOptions options_of(int rank, int hosts);

/// A host that remembers what happened to it.
class Host {
 public:
  struct Arrival {
    int rank;
    Message message;
  };
  struct Loss {
    int rank;
    std::string why;
  };
  struct Settings {
    bool keep_receipts = false;  ///< Takes messages, and is done with none.
    /// Called on the communication thread for each message instead of remembering it.
    std::function<void(Host&, int rank, Message message)> handle;
    TransportKind transport = TransportKind::Unix;
  };

  explicit Host(const TransportOptions& options) : Host(options, Settings()) {}
  Host(const TransportOptions& options, Settings settings);

  Transport& transport() { return *transport_; }
  /// The same over sockets.
  Endpoint& endpoint() { return dynamic_cast<Endpoint&>(*transport_); }

  /// Wait until as many came, at most for kPatience; whether they did.
  [[nodiscard]] bool await_arrivals(std::size_t count);
  [[nodiscard]] bool await_losses(std::size_t count);
  [[nodiscard]] bool await_refusals(std::size_t count);

  /// What came so far, which is forgotten.
  [[nodiscard]] std::vector<Arrival> take_arrivals();
  [[nodiscard]] std::vector<Loss> losses() const;
  [[nodiscard]] std::vector<std::string> refusals() const;
  /// Waits until it listens, at most for kPatience; where, empty if it does not.
  [[nodiscard]] std::string listens_at();

  /// Is done with all messages, those to come included.
  void release_receipts();

 private:
  bool await(const std::function<bool()>& condition);
  void received(int rank, Message message, Receipt receipt);

  Settings settings_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Arrival> arrivals_;
  std::vector<Loss> losses_;
  std::vector<std::string> refusals_;
  std::string listens_at_;
  std::vector<Receipt> receipts_;
  std::unique_ptr<Transport> transport_;
};

}  // namespace ttmesh::mesh
