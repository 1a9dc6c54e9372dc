#include "ccl/rehearsal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

namespace ttmesh::ccl {
namespace {

using mesh::Lane;
using mesh::Step;

/// Chips that are known to have started.
using Started = std::vector<bool>;

struct Message {
  int sent_at;  ///< Tick.
  int round;
  Content content;
  /// Known to the chip whose worker sent the payload first; routers pass it on.
  std::shared_ptr<const Started> started;
};

/// One direction of a link; signals travel beside the payloads.
using LinkKey = std::tuple<int, int, Lane, bool>;

struct Slot {
  Content content;
  std::shared_ptr<const Started> started;  ///< Set while routers carry the content.
};

struct Chip {
  int index;
  mesh::StepPlan plan;
  std::optional<Step> step;
  std::vector<Slot> slots;
  std::array<std::shared_ptr<const Started>, mesh::kLaneCount> gates;
};

/// All chips and links of a rehearsal.
class Stage {
 public:
  explicit Stage(const Cast& cast) : cast_(cast) {
    for (int index = 0; index < cast.chips; ++index) enter(index, cast.plan(index));
  }

  Rehearsal run() {
    for (bool moved = true; moved; ++tick_) {
      moved = false;
      for (Chip& chip : chips_) {
        while (chip.step && take(chip, *chip.step)) {
          chip.step = chip.plan.steps.next();
          moved = true;
        }
      }
    }
    report_waits();
    report_leftovers();
    for (const Chip& chip : chips_) {
      result_.plans.push_back(chip.plan.slots);
      std::vector<Content>& contents = result_.slots.emplace_back();
      for (const Slot& slot : chip.slots) contents.push_back(slot.content);
    }
    return std::move(result_);
  }

 private:
  void enter(int index, mesh::StepPlan plan) {
    Chip chip{.index = index, .plan = std::move(plan), .step = {}, .slots = {}, .gates = {}};
    Started self(static_cast<std::size_t>(cast_.chips), false);
    self[static_cast<std::size_t>(index)] = true;
    chip.gates.fill(std::make_shared<const Started>(self));
    chip.slots.resize(static_cast<std::size_t>(chip.plan.slots.slots));
    const mesh::SlotPlan& slots = chip.plan.slots;
    for (int slice = 0; slice < slots.input_slices; ++slice) {
      for (int part = 0; part < slots.parts; ++part) {
        const int slot = slots.input_first + slice * slots.parts + part;
        Content content{.terms = {{index, slice, part}},
                        .pages = cast_.slice_pages / slots.parts +
                                 (part < cast_.slice_pages % slots.parts ? 1 : 0)};
        chip.slots[static_cast<std::size_t>(slot)].content = std::move(content);
      }
    }
    chip.step = chip.plan.steps.next();
    chips_.push_back(std::move(chip));
  }

  bool take(Chip& chip, const Step& step) {
    if (!makes_sense(chip, step)) return true;
    std::int64_t pages = 0;
    switch (step.kind) {
      case Step::Kind::Signal:
        put(chip, step, {tick_, step.round, {}, gate(chip, step.lane)});
        break;
      case Step::Kind::Await: {
        const std::optional<Message> message = get(chip, step, true);
        if (!message) return false;
        learn(gate(chip, step.lane), *message->started);
        break;
      }
      case Step::Kind::Join:
        learn(gate(chip, step.lane), *gate(chip, step.other));
        break;
      case Step::Kind::Send: {
        Slot& slot = slot_of(chip, step.slot);
        const bool carried = step.engine == sim::Engine::Router && slot.started != nullptr;
        pages = slot.content.pages;
        put(chip, step,
            {tick_, step.round, slot.content, carried ? slot.started : gate(chip, step.lane)});
        if (step.engine == sim::Engine::Reduction) slot = {};
        break;
      }
      case Step::Kind::Receive: {
        std::optional<Message> message = get(chip, step, false);
        if (!message) return false;
        if (!chip.plan.relay && !(*message->started)[static_cast<std::size_t>(chip.index)]) {
          fault(chip, step, "the payload left before this chip was known to have started");
        }
        slot_of(chip, step.slot) = {std::move(message->content), std::move(message->started)};
        break;
      }
      case Step::Kind::Reduce:
        add(chip, step);
        slot_of(chip, step.source) = {};
        break;
      case Step::Kind::Copy:
        slot_of(chip, step.slot) = slot_of(chip, step.source);
        break;
    }
    result_.acts.push_back({tick_, chip.index, step, pages});
    return true;
  }

  /// Adds what `more` knows to what a gate knows.
  static void learn(std::shared_ptr<const Started>& gate, const Started& more) {
    Started known = *gate;
    for (std::size_t i = 0; i < known.size(); ++i) known[i] = known[i] || more[i];
    gate = std::make_shared<const Started>(std::move(known));
  }

  void add(Chip& chip, const Step& step) {
    Slot& into = slot_of(chip, step.slot);
    const Content& with = slot_of(chip, step.source).content;
    if (into.content.pages != with.pages) {
      fault(chip, step, fmt::format("{} pages += {} pages", into.content.pages, with.pages));
    }
    std::vector<Term> sum;
    std::merge(into.content.terms.begin(), into.content.terms.end(), with.terms.begin(),
               with.terms.end(), std::back_inserter(sum));
    into.content.terms = std::move(sum);
    into.started = nullptr;
  }

  /// Whether slots and peer of a step exist; reports those that do not.
  bool makes_sense(const Chip& chip, const Step& step) {
    if (step.kind == Step::Kind::Join) return true;
    const bool moves = step.kind != Step::Kind::Signal && step.kind != Step::Kind::Await;
    const bool local = step.kind == Step::Kind::Reduce || step.kind == Step::Kind::Copy;
    if (moves && !exists(chip, step.slot)) return fault(chip, step, "there is no such slot");
    if (local && !exists(chip, step.source)) return fault(chip, step, "there is no such source");
    const bool reads_slot = step.kind == Step::Kind::Send || step.kind == Step::Kind::Reduce;
    if (reads_slot && is_empty(chip, step.slot)) return fault(chip, step, "the slot is empty");
    if (local && is_empty(chip, step.source)) return fault(chip, step, "the source is empty");
    if (local) return true;

    const bool onward = step.kind == Step::Kind::Send || step.kind == Step::Kind::Await;
    const bool leads = step.peer >= 0 && step.peer < cast_.chips &&
                       (onward ? cast_.leads(chip.index, step.peer, step.lane)
                               : cast_.leads(step.peer, chip.index, step.lane));
    return leads || fault(chip, step, "no link leads there");
  }

  void put(const Chip& chip, const Step& step, Message message) {
    const bool signal = step.kind == Step::Kind::Signal;
    links_[{chip.index, step.peer, step.lane, signal}].push_back(std::move(message));
  }

  /// The oldest message of the link, if it is the wanted one and was sent in an earlier tick.
  std::optional<Message> get(const Chip& chip, const Step& step, bool signal) {
    std::deque<Message>& link = links_[{step.peer, chip.index, step.lane, signal}];
    if (link.empty() || link.front().round != step.round || link.front().sent_at >= tick_) {
      return std::nullopt;
    }
    Message message = std::move(link.front());
    link.pop_front();
    return message;
  }

  void report_waits() {
    for (const Chip& chip : chips_) {
      if (chip.step) fault(chip, *chip.step, "waits for ever");
    }
  }

  void report_leftovers() {
    for (const auto& [key, messages] : links_) {
      const auto& [from, to, lane, signal] = key;
      for (const Message& message : messages) {
        result_.faults.push_back(
            fmt::format("chip {} never takes the {} that chip {} sent in round {}", to,
                        signal ? "signal" : "payload", from, message.round));
      }
    }
  }

  bool fault(const Chip& chip, const Step& step, const std::string& what) {
    result_.faults.push_back(fmt::format("chip {}: {}: {}", chip.index, to_string(step), what));
    return false;
  }

  static bool exists(const Chip& chip, int slot) {
    return slot >= 0 && slot < static_cast<int>(chip.slots.size());
  }
  static bool is_empty(const Chip& chip, int slot) {
    return chip.slots[static_cast<std::size_t>(slot)].content.terms.empty();
  }
  static Slot& slot_of(Chip& chip, int slot) { return chip.slots[static_cast<std::size_t>(slot)]; }
  static std::shared_ptr<const Started>& gate(Chip& chip, Lane lane) {
    return chip.gates[static_cast<std::size_t>(lane)];
  }

  const Cast& cast_;
  std::vector<Chip> chips_;
  std::map<LinkKey, std::deque<Message>> links_;
  int tick_ = 0;
  Rehearsal result_;
};

}  // namespace

Rehearsal rehearse(const Cast& cast) { return Stage(cast).run(); }

Rehearsal rehearse(const Algorithm& algorithm, const RehearsalOptions& options) {
  const mesh::Line line = numbered_line(options.size);
  const auto member = [&](int index) { return member_of(line, index, options.topology); };
  return rehearse({.chips = options.size,
                   .plan = [&](mesh::ChipId chip) { return algorithm(member(chip)); },
                   .leads = [&](mesh::ChipId from, mesh::ChipId to,
                                Lane lane) { return ahead(member(from), lane) == to; },
                   .slice_pages = options.slice_pages});
}

mesh::Line numbered_line(int size) {
  mesh::Line line;
  line.chips.resize(static_cast<std::size_t>(size));
  std::iota(line.chips.begin(), line.chips.end(), 0);
  return line;
}

}  // namespace ttmesh::ccl
