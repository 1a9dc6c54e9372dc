#include "tests/transport/host.hpp"

namespace ttmesh::mesh {

TransportOptions options_of(int rank, int hosts) {
  return {.identity = {.rank = rank,
                       .hosts = hosts,
                       .topology_digest = "digest",
                       .cpu_path = "path",
                       .onednn_version = "2.6.0",
                       .token = "token of the tests"},
          .handshake_bound = kPatience};
}

Host::Host(const TransportOptions& options, Settings settings) : settings_(std::move(settings)) {
  TransportHandlers handlers{.received =
                                 [this](int rank, Message message, Receipt receipt) {
                                   received(rank, std::move(message), std::move(receipt));
                                 },
                             .lost =
                                 [this](int rank, const std::string& why) {
                                   const std::lock_guard lock(mutex_);
                                   losses_.push_back({rank, why});
                                   changed_.notify_all();
                                 },
                             .refused =
                                 [this](const std::string& who, const std::string& why) {
                                   const std::lock_guard lock(mutex_);
                                   refusals_.push_back(who + ": " + why);
                                   changed_.notify_all();
                                 },
                             .listening =
                                 [this](const std::string& address) {
                                   const std::lock_guard lock(mutex_);
                                   listens_at_ = address;
                                   changed_.notify_all();
                                 }};
  transport_ = make_transport(settings_.transport, options, std::move(handlers));
}

bool Host::await_arrivals(std::size_t count) {
  return await([&] { return arrivals_.size() >= count; });
}
bool Host::await_losses(std::size_t count) {
  return await([&] { return losses_.size() >= count; });
}
bool Host::await_refusals(std::size_t count) {
  return await([&] { return refusals_.size() >= count; });
}

std::vector<Host::Arrival> Host::take_arrivals() {
  const std::lock_guard lock(mutex_);
  return std::exchange(arrivals_, {});
}

std::vector<Host::Loss> Host::losses() const {
  const std::lock_guard lock(mutex_);
  return losses_;
}

std::vector<std::string> Host::refusals() const {
  const std::lock_guard lock(mutex_);
  return refusals_;
}

std::string Host::listens_at() {
  (void)await([&] { return !listens_at_.empty(); });
  const std::lock_guard lock(mutex_);
  return listens_at_;
}

void Host::release_receipts() {
  std::vector<Receipt> all;
  const std::lock_guard lock(mutex_);
  settings_.keep_receipts = false;
  all.swap(receipts_);
}

bool Host::await(const std::function<bool()>& condition) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, condition);
}

void Host::received(int rank, Message message, Receipt receipt) {
  {
    const std::lock_guard lock(mutex_);
    if (settings_.keep_receipts) receipts_.push_back(std::move(receipt));
  }
  if (settings_.handle) {
    settings_.handle(*this, rank, std::move(message));
    return;
  }
  const std::lock_guard lock(mutex_);
  arrivals_.push_back({rank, std::move(message)});
  changed_.notify_all();
}

}  // namespace ttmesh::mesh
