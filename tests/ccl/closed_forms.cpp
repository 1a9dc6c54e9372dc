#include "tests/ccl/closed_forms.hpp"

#include <algorithm>
#include <optional>

namespace ttmesh::ccl::test {
namespace {

using sim::Engine;
using sim::Time;

constexpr std::int64_t kExchangePacketBytes = 4096;

std::optional<std::int64_t> packets_of(std::int64_t packet_bytes) {
  return packet_bytes == 0 ? std::nullopt : std::optional(packet_bytes);
}

}  // namespace

ClosedForms::ClosedForms(const mesh::Machine& machine, int chips, std::int64_t slice_pages,
                         std::int64_t page_bytes)
    : model_(machine.collective),
      link_(machine.channels.front().forth.link),
      links_(machine.topology.usable_links),
      chips_(chips),
      page_(page_bytes),
      slice_(slice_pages * page_bytes) {}

Time ClosedForms::hop() const { return link_.latency; }

Time ClosedForms::signal() const { return link_.latency + model_.barrier_step; }

std::int64_t ClosedForms::share(std::int64_t bytes) const {
  const std::int64_t pages = bytes / page_;
  return (pages + links_ - 1) / links_ * page_;
}

Time ClosedForms::head(std::int64_t bytes, std::int64_t packet_bytes) const {
  const std::int64_t first = share(bytes);
  return head_serialisation(link_, packet_bytes == 0 ? first : std::min(first, packet_bytes));
}

Time ClosedForms::copied(std::int64_t bytes, std::int64_t packet_bytes) const {
  return copy_time(model_, link_, (bytes + links_ - 1) / links_, packets_of(packet_bytes));
}

Time ClosedForms::Stream::next(const ClosedForms& forms, std::int64_t bytes) {
  const Time time = transfer_time(forms.model_, forms.link_,
                                  {.engine = engine,
                                   .ring = ring,
                                   .sent_before = sent / forms.links_,
                                   .bytes = forms.share(bytes),
                                   .links = forms.links_,
                                   .packet_bytes = packets_of(packet_bytes)});
  sent += bytes;
  return time;
}

Time ClosedForms::Stream::several(const ClosedForms& forms, int count, std::int64_t bytes) {
  Time time;
  for (int i = 0; i < count; ++i) time += next(forms, bytes);
  return time;
}

Time ClosedForms::all_gather_line() const {
  Stream all{Engine::Router, false};
  const Time multicast = (chips_ - 1) * (signal() + hop()) + (chips_ - 2) * head(slice_) +
                         all.several(*this, chips_ - 1, slice_);
  if (!model_.serial_copy) return model_.setup + multicast;
  // The chip in the middle sends its own shard last, and copies it then.
  const int passed = (chips_ - 1) / 2;
  Stream until_own{Engine::Router, false};
  const Time own = (chips_ - 1) * signal() + passed * (hop() + head(slice_)) +
                   until_own.several(*this, passed + 1, slice_) + copied(slice_);
  return model_.setup + std::max(multicast, own);
}

Time ClosedForms::around(Stream stream) const {
  if (chips_ % 2 == 1) return stream.several(*this, rounds(), slice_);
  if (!halves()) return stream.several(*this, rounds(), slice_);
  return stream.several(*this, chips_ - 1, slice_ / 2);
}

Time ClosedForms::all_gather_ring() const {
  return model_.setup + signal() + rounds() * (hop() + model_.relay_step) +
         around({Engine::Relay, true});
}

Time ClosedForms::all_gather_one_way() const {
  Stream stream{Engine::Relay, true};
  return model_.setup + signal() + (chips_ - 1) * (hop() + model_.relay_step) +
         stream.several(*this, chips_ - 1, slice_);
}

Time ClosedForms::reduce_scatter_line() const {
  Stream stream{Engine::Reduction, false};
  return model_.setup + signal() + (chips_ - 1) * (hop() + model_.reduce_step) +
         stream.several(*this, chips_ - 1, slice_);
}

Time ClosedForms::reduce_scatter_ring() const {
  return model_.setup + signal() + rounds() * (hop() + model_.reduce_step) +
         around({Engine::Reduction, true});
}

Time ClosedForms::reduce_scatter_one_way() const {
  Stream stream{Engine::Reduction, true};
  return model_.setup + signal() + (chips_ - 1) * (hop() + model_.reduce_step) +
         stream.several(*this, chips_ - 1, slice_);
}

// At each hop a chip passes on the slices that go further; a hop begins when the link is free and
// the first of them, the farthest, has begun to arrive.
Time ClosedForms::reduce_scatter_direct() const {
  Stream stream{Engine::Direct, true};
  const std::int64_t farthest = halves() ? slice_ / 2 : slice_;
  Time time;
  for (int passed = 0; passed < rounds(); ++passed) {
    Time sent = stream.next(*this, farthest);
    const int parts = halves() ? 2 : 1;
    sent += stream.several(*this, parts * (rounds() - 1 - passed), slice_ / parts);
    const bool last = passed == rounds() - 1;
    time += last ? sent + hop() : std::max(sent, hop() + head(farthest));
  }
  return model_.setup + rounds() * (signal() + model_.direct_step) + time;
}

// A chip sends its own slices, the nearest first, then at each hop those that have come so far and
// go further: when the link is free and the first of them has begun to arrive, which is the second
// that the chip behind sent, since the first had arrived.
Time ClosedForms::exchanged(const Counts& counts, const std::vector<Time>& opened,
                            bool ring) const {
  const int chips = static_cast<int>(counts.size());
  std::vector<Time> begun(opened);  // By chip: of the current hop.
  std::vector<Time> ended(counts.size());
  std::vector<Time> first_sent(counts.size());  // Of the current hop, when the second begins.
  std::vector<Stream> streams(counts.size(), Stream{Engine::Router, ring, kExchangePacketBytes});
  Time end;
  for (std::size_t hops = 0; hops < counts.front().size(); ++hops) {
    for (std::size_t chip = 0; chip < counts.size(); ++chip) {
      const int count = counts[chip][hops];
      if (count == 0) continue;
      first_sent[chip] = begun[chip] + streams[chip].next(*this, slice_);
      ended[chip] = first_sent[chip] + streams[chip].several(*this, count - 1, slice_);
      end = std::max(end, ended[chip] + hop());
    }
    std::vector<Time> next(begun);
    for (int chip = 0; chip < chips; ++chip) {
      const std::size_t at = static_cast<std::size_t>(chip);
      const std::size_t behind = static_cast<std::size_t>((chip + chips - 1) % chips);
      const Time arrived = first_sent[behind] + head(slice_, kExchangePacketBytes) + hop();
      next[at] = std::max(ended[at], arrived);
    }
    begun = next;
  }
  return end;
}

Time ClosedForms::all_to_all_line() const {
  Counts counts(static_cast<std::size_t>(chips_));
  std::vector<Time> opened;
  for (int chip = 0; chip < chips_; ++chip) {
    for (int hops = 0; hops < chips_; ++hops) {
      counts[static_cast<std::size_t>(chip)].push_back(hops <= chip ? chips_ - 1 - chip : 0);
    }
    opened.push_back(model_.setup + std::max(chip, chips_ - 1 - chip) * signal());
  }
  // A chip at an end sends all its slices one way, and copies its own then.
  Stream own{Engine::Router, false, kExchangePacketBytes};
  const Time copy = opened.front() + own.several(*this, chips_ - 1, slice_) +
                    copied(slice_, kExchangePacketBytes);
  return std::max(exchanged(counts, opened, false), copy);
}

// Even chips send the slice that is as far either way forward, odd ones backward.
Time ClosedForms::all_to_all_ring() const {
  Counts counts(static_cast<std::size_t>(chips_));
  for (int chip = 0; chip < chips_; ++chip) {
    for (int hops = 0; hops < rounds(); ++hops) {
      const bool from_even = (chip - hops + chips_) % 2 == 0;
      const bool fewer = chips_ % 2 == 0 && !from_even;
      counts[static_cast<std::size_t>(chip)].push_back(rounds() - (fewer ? 1 : 0) - hops);
    }
  }
  const Time opened = model_.setup + rounds() * signal();
  Stream own{Engine::Router, true, kExchangePacketBytes};
  const int sent = rounds() - (chips_ % 2 == 0 ? 1 : 0);
  const Time copy =
      opened + own.several(*this, sent, slice_) + copied(slice_, kExchangePacketBytes);
  return std::max(exchanged(counts, std::vector<Time>(counts.size(), opened), true), copy);
}

Time ClosedForms::multicast(int hops, bool ring) const {
  Stream stream{Engine::Router, ring};
  return model_.setup + hops * (signal() + hop()) + (hops - 1) * head(slice_) +
         stream.next(*this, slice_);
}

Time ClosedForms::barrier(int hops) const { return model_.setup + hops * signal(); }

}  // namespace ttmesh::ccl::test
