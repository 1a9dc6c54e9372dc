#include "mesh/actors/peers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "mesh/program/host_payload.hpp"
#include "mesh/topology/error.hpp"

namespace ttmesh::mesh {
namespace {

/// The wave of a count that nobody asked for: those of questions begin at 1.
constexpr std::uint64_t kUnasked = 0;

/// What may wait to be written to a host before the controller waits.
constexpr std::size_t kMostHeldBytes = std::size_t{32} << 20U;
/// After which it looks whether the host is still there.
constexpr std::chrono::milliseconds kRoomBound{100};

/// "chips 0, 1, 2 and 29 more" of a host, the first 32 by number.
std::string chips_of_host(const Topology& topology, int rank) {
  std::vector<ChipId> chips;
  for (ChipId chip = 0; chip < topology.chip_count(); ++chip) {
    if (topology.host_of(chip) == rank) chips.push_back(chip);
  }
  constexpr std::size_t kListed = 32;
  const std::size_t left = chips.size() > kListed ? chips.size() - kListed : 0;
  chips.resize(std::min(chips.size(), kListed));
  return fmt::format("chips {}{}", fmt::join(chips, ", "),
                     left > 0 ? fmt::format(" and {} more", left) : "");
}

bool settled(const std::vector<wire::ActivityCount>& counts) {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  for (const wire::ActivityCount& each : counts) {
    if (!each.idle) return false;
    sent += each.sent;
    received += each.received;
  }
  return sent == received;
}

bool same_counts(const std::vector<wire::ActivityCount>& a,
                 const std::vector<wire::ActivityCount>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const wire::ActivityCount& x, const wire::ActivityCount& y) {
                      return x.sent == y.sent && x.received == y.received;
                    });
}

}  // namespace

Peers::Peers(const Hosting& hosting, const MachineRecipe& recipe, HostState& state, Deliver deliver)
    : hosting_(hosting),
      topology_(state.machine.topology),
      state_(state),
      deliver_(std::move(deliver)),
      counts_(static_cast<std::size_t>(hosting.hosts)) {
  TransportOptions options;
  options.identity = {.rank = hosting.rank,
                      .hosts = hosting.hosts,
                      .topology_digest = digest(recipe),
                      .cpu_path = hosting.values,
                      .onednn_version = hosting.library,
                      .token = hosting.token};
  if (hosting.recruits) options.offer = recipe;
  transport_ =
      make_transport(hosting.transport, std::move(options),
                     {.received =
                          [this](int rank, Message message, Receipt receipt) {
                            receive(rank, std::move(message), std::move(receipt));
                          },
                      .lost = [this](int rank, const std::string& why) { lose(rank, why); },
                      .refused =
                          [this](const std::string& who, const std::string& why) {
                            note(fmt::format("turned {} away: {}", who, why));
                          },
                      .listening =
                          [this](const std::string& address) {
                            if (hosting_.recruits) note("waits for hosts at " + address);
                          }});
}

Peers::~Peers() { close(); }

void Peers::close() {
  if (closed_.exchange(true)) return;
  transport_->close();
}

void Peers::join() {
  transport_->join({.rank_0 = hosting_.rank_0, .own = hosting_.own, .waiting = hosting_.waiting},
                   std::chrono::seconds(hosting_.join_seconds));
  // The others answer once they have joined each other: nothing is sent before.
  if (hosting_.rank == 0) (void)ask_all(++wave_, [] { return false; });
}

void Peers::note(const std::string& text) const {
  if (hosting_.note) hosting_.note(text);
}

void Peers::send(int rank, const Message& message) {
  if (closed_) return;
  sent_.fetch_add(1);
  try {
    transport_->send(rank, message);
  } catch (const std::exception& error) {
    if (!closed_) lose(rank, error.what());
  }
}

void Peers::send_command(const CommandPtr& command) {
  {
    const std::lock_guard lock(mutex_);
    last_command_ = command;
  }
  for (int rank = 0; rank < hosting_.hosts; ++rank) {
    if (rank != hosting_.rank) send(rank, for_host(command, topology_, rank));
  }
}

void Peers::send_to_all(const Message& message) {
  for (int rank = 0; rank < hosting_.hosts; ++rank) {
    if (rank != hosting_.rank) send(rank, message);
  }
}

void Peers::receive(int rank, Message message, Receipt receipt) {
  if (const auto* probe = std::get_if<wire::ActivityProbe>(&message)) {
    const std::lock_guard lock(mutex_);
    questions_.push_back(probe->wave);
  } else if (const auto* count = std::get_if<wire::ActivityCount>(&message)) {
    const std::lock_guard lock(mutex_);
    Count& known = counts_[static_cast<std::size_t>(rank)];
    if (count->wave == kUnasked) {
      known.count.finished = std::max(known.count.finished, count->finished);
      ++told_;
    } else {
      known = {*count, true};
    }
  } else if (std::holds_alternative<wire::Stop>(message)) {
    const std::lock_guard lock(mutex_);
    stopped_ = stopped_ || rank == 0;
  } else {
    try {
      deliver_(std::move(message), std::move(receipt));
      received_.fetch_add(1);
    } catch (const std::exception& error) {
      lose(rank, std::string("it sent what nobody here can take: ") + error.what());
    }
    return;
  }
  changed_.notify_all();
}

void Peers::lose(int rank, const std::string& why) {
  std::optional<std::string> news;
  {
    const std::lock_guard lock(mutex_);
    if (!lost_) {
      const std::string pending = state_.pending.summary();
      news = fmt::format(
          "host {} ({}) is lost: {}; {}; start the run again{}", rank,
          chips_of_host(topology_, rank), why,
          pending.empty() ? "nothing was pending on this host" : "this host was at " + pending,
          last_command_ ? "; the last command was " + title(*last_command_) : "");
      lost_ = Failure{0, ErrorCode::HostLost, *news};
    }
  }
  state_.abandoned = true;
  state_.activity.poke();
  changed_.notify_all();
  if (news && hosting_.lost) hosting_.lost(*news);
}

wire::ActivityCount Peers::own_count(std::uint64_t wave) const {
  return {.wave = wave,
          .sent = sent_.load(),
          .received = received_.load(),
          .idle = state_.activity.is_idle(),
          .finished = state_.finished.load(),
          .end = sim::Time::picoseconds(state_.end.load())};
}

std::vector<wire::ActivityCount> Peers::ask_all(std::uint64_t wave,
                                                const std::function<bool()>& condition) {
  for (int rank = 1; rank < hosting_.hosts; ++rank) {
    transport_->send(rank, wire::ActivityProbe{wave});
  }
  state_.activity.wait_until_idle_or([&] { return state_.abandoned.load() || condition(); });
  std::unique_lock lock(mutex_);
  const auto answered = [&] {
    return std::all_of(counts_.begin() + 1, counts_.end(),
                       [&](const Count& each) { return each.fresh && each.count.wave == wave; });
  };
  const auto ended = [&] { return lost_ || answered(); };
  while (!ended()) {
    const std::uint64_t told = told_;
    lock.unlock();  // The condition may ask how far hosts are.
    const bool holds = condition();
    lock.lock();
    if (holds) return {};
    changed_.wait(lock, [&] { return told_ != told || ended(); });
  }
  if (lost_) return {};
  std::vector<wire::ActivityCount> counts{own_count(wave)};
  for (auto each = counts_.begin() + 1; each != counts_.end(); ++each) {
    counts.push_back(each->count);
  }
  return counts;
}

void Peers::settle_or(const std::function<bool()>& condition) {
  std::vector<wire::ActivityCount> before;
  for (;;) {
    std::vector<wire::ActivityCount> counts = ask_all(++wave_, condition);
    if (counts.empty()) return;
    if (settled(counts) && same_counts(counts, before)) return;
    before = std::move(counts);
  }
}

void Peers::await_room() {
  for (int rank = 0; rank < hosting_.hosts; ++rank) {
    if (rank == hosting_.rank) continue;
    while (!transport_->await_room(rank, kMostHeldBytes, kRoomBound)) {
      if (state_.abandoned || closed_) return;
    }
  }
}

void Peers::tell_passed(std::uint64_t commands) {
  try {
    transport_->send(0, wire::ActivityCount{.wave = kUnasked, .finished = commands});
  } catch (const std::exception&) {  // Nobody listens any more.
  }
}

std::uint64_t Peers::finished() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t fewest = ~std::uint64_t{0};
  for (auto each = counts_.begin() + 1; each != counts_.end(); ++each) {
    fewest = std::min(fewest, each->count.finished);
  }
  return fewest;
}

sim::Time Peers::end() const {
  const std::lock_guard lock(mutex_);
  sim::Time end;
  for (auto each = counts_.begin() + 1; each != counts_.end(); ++each) {
    end = std::max(end, each->count.end);
  }
  return end;
}

std::optional<Failure> Peers::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

void Peers::serve() {
  for (;;) {
    std::uint64_t wave = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopped_ || lost_ || !questions_.empty(); });
      if (stopped_) return;
      if (lost_) throw Error(lost_->code, lost_->what);
      wave = questions_.front();
      questions_.erase(questions_.begin());
    }
    state_.activity.wait_until_idle_or([this] { return state_.abandoned.load(); });
    transport_->send(0, own_count(wave));
  }
}

}  // namespace ttmesh::mesh
