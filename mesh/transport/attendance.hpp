#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "mesh/transport/handshake.hpp"
#include "mesh/transport/message.hpp"
#include "mesh/transport/places.hpp"

namespace ttmesh::mesh {

/// Which hosts of a mesh this one has met, where they listen, and which are gone. From any thread.
class Attendance {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// A place that was given is free again if no host has come with it within `place_bound`.
  Attendance(Identity self, std::chrono::milliseconds place_bound);

  /// Why `guest` is turned away; nothing if it may come in.
  [[nodiscard]] std::optional<std::string> objection_to(const Hello& guest);
  /// Nobody else is let in from now on.
  void close();

  /// Ranks from `first` on are given to hosts that ask for a place.
  void offer_places(int first);
  /// The rank of a host that may come in and asks for a place.
  [[nodiscard]] int give_place();

  /// `rank` is connected, and listens at `address` unless that is empty.
  void connected(int rank, const std::string& address);
  [[nodiscard]] bool is_connected(int rank) const;
  /// Its heartbeats are watched too.
  void beating(int rank);
  /// Its connection has ended; `why` is empty after a goodbye.
  void gone(int rank, const std::string& why);

  /// Waits until the heartbeats of all hosts are watched; nobody else is let in after that. A host
  /// that says goodbye later has had its share.
  /// Throws mesh::Error (HostLost) naming those that are not there within `bound`, or are gone.
  void await_all(std::chrono::milliseconds bound);

  /// Where the others listen, as far as they have said so.
  [[nodiscard]] wire::AddressBook addresses() const;
  /// Rank 0 has said where the others listen.
  void learn(wire::AddressBook book);
  /// Waits for that. Throws mesh::Error (HostLost) if it does not come in time, or a host is gone.
  [[nodiscard]] std::vector<std::string> await_addresses(Time deadline);

 private:
  const Identity self_;
  const std::chrono::milliseconds place_bound_;

  mutable std::mutex mutex_;  ///< Guards the rest.
  std::condition_variable changed_;
  Guests guests_;
  bool all_met_ = false;  ///< Once; some may be gone since.
  Places places_{0, 0, {}};
  std::map<int, std::string> listening_;  ///< Where.
  std::map<int, std::string> gone_;       ///< Why.
  std::optional<std::vector<std::string>> book_;
};

}  // namespace ttmesh::mesh
