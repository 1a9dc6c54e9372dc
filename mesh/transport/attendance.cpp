#include "mesh/transport/attendance.hpp"

#include <fmt/format.h>

#include <utility>

#include "mesh/topology/error.hpp"

namespace ttmesh::mesh {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Attendance::Attendance(Identity self, std::chrono::milliseconds place_bound)
    : self_(std::move(self)), place_bound_(place_bound) {}

std::optional<std::string> Attendance::objection_to(const Hello& guest) {
  const std::lock_guard lock(mutex_);
  guests_.place_is_free = places_.free(guests_, Clock::now()).has_value();
  return objection(self_, guest, guests_);
}

void Attendance::close() {
  const std::lock_guard lock(mutex_);
  guests_.closed = true;
}

void Attendance::offer_places(int first) {
  const std::lock_guard lock(mutex_);
  places_ = Places(first, self_.hosts, place_bound_);
}

int Attendance::give_place() {
  const std::lock_guard lock(mutex_);
  const int rank = places_.free(guests_, Clock::now()).value();  // It was when the guest came in.
  places_.give(rank, Clock::now());
  return rank;
}

void Attendance::connected(int rank, const std::string& address) {
  const std::lock_guard lock(mutex_);
  guests_.connected.insert(rank);
  if (!address.empty()) listening_[rank] = address;
}

bool Attendance::is_connected(int rank) const {
  const std::lock_guard lock(mutex_);
  return guests_.connected.contains(rank);
}

void Attendance::beating(int rank) {
  const std::lock_guard lock(mutex_);
  guests_.beating.insert(rank);
  all_met_ = all_met_ || static_cast<int>(guests_.beating.size()) == self_.hosts - 1;
  changed_.notify_all();
}

void Attendance::gone(int rank, const std::string& why) {
  const std::lock_guard lock(mutex_);
  guests_.connected.erase(rank);
  guests_.beating.erase(rank);
  guests_.gone.insert(rank);
  gone_[rank] = why;
  changed_.notify_all();
}

void Attendance::await_all(std::chrono::milliseconds bound) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, bound, [&] { return all_met_ || !gone_.empty(); });
  guests_.closed = true;
  for (const auto& [rank, why] : gone_) {
    // A host may have had all that it needs, and said goodbye, before this one has looked.
    if (all_met_ && why.empty()) continue;
    throw Error(ErrorCode::HostLost,
                fmt::format("[await_peers] host {} is gone: it {}; look at its messages", rank,
                            why.empty() ? "said goodbye" : why));
  }
  if (all_met_) return;
  std::vector<int> missing;
  for (int rank = 0; rank < self_.hosts; ++rank) {
    if (rank != self_.rank && !guests_.beating.contains(rank)) missing.push_back(rank);
  }
  throw Error(ErrorCode::HostLost,
              fmt::format("[await_peers] {} of {} hosts are missing after {:.1f} s: rank {}; "
                          "start them, or look at their messages",
                          missing.size(), self_.hosts, std::chrono::duration<double>(bound).count(),
                          fmt::join(missing, ", ")));
}

wire::AddressBook Attendance::addresses() const {
  const std::lock_guard lock(mutex_);
  wire::AddressBook book{std::vector<std::string>(static_cast<std::size_t>(self_.hosts))};
  for (const auto& [rank, where] : listening_) {
    book.addresses[static_cast<std::size_t>(rank)] = where;
  }
  return book;
}

void Attendance::learn(wire::AddressBook book) {
  const std::lock_guard lock(mutex_);
  book_ = std::move(book.addresses);
  changed_.notify_all();
}

std::vector<std::string> Attendance::await_addresses(Time deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [&] { return book_ || !gone_.empty(); });
  if (book_ && static_cast<int>(book_->size()) == self_.hosts) return *book_;
  throw Error(ErrorCode::HostLost,
              gone_.empty() ? "[join] rank 0 did not say in time where the others listen; "
                              "were all hosts started?"
                            : "[join] rank 0 is gone before all hosts were connected");
}

}  // namespace ttmesh::mesh
