#include "ccl/verifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace ttmesh::ccl {
namespace {

using mesh::SlotPlan;
using mesh::Step;

int output_slices(Collective collective, int chips) {
  return collective == Collective::AllGather || collective == Collective::AllToAll ? chips : 1;
}

/// Of the chip at `index`.
int input_slices(Collective collective, const VerifiedGroup& group, int index) {
  switch (collective) {
    case Collective::AllGather:
      return 1;
    case Collective::ReduceScatter:
    case Collective::AllToAll:
      return static_cast<int>(group.chips.size());
    case Collective::Broadcast:
      return index == group.root ? 1 : 0;
  }
  return 0;
}

/// Terms of one part of slice `slice` of the output of the chip at `index`.
std::vector<Term> expected_terms(Collective collective, const VerifiedGroup& group, int index,
                                 int slice, int part) {
  const auto chip = [&](int at) { return group.chips[static_cast<std::size_t>(at)]; };
  switch (collective) {
    case Collective::AllGather:
      return {{chip(slice), 0, part}};
    case Collective::AllToAll:
      return {{chip(slice), index, part}};
    case Collective::Broadcast:
      return {{chip(group.root), 0, part}};
    case Collective::ReduceScatter:
      break;
  }
  std::vector<Term> terms;
  for (const mesh::ChipId source : group.chips) terms.push_back({source, index, part});
  std::sort(terms.begin(), terms.end());
  return terms;
}

std::string to_text(const std::vector<Term>& terms) {
  std::string text;
  for (const Term& term : terms) {
    text += fmt::format(" {}.{}.{}", term.source, term.slice, term.part);
  }
  return text.empty() ? " nothing" : text;
}

void check_output(Collective collective, const Rehearsal& rehearsal, const VerifiedGroup& group,
                  int index, std::vector<std::string>& faults) {
  const mesh::ChipId chip = group.chips[static_cast<std::size_t>(index)];
  const SlotPlan& plan = rehearsal.plans[static_cast<std::size_t>(chip)];
  const std::vector<Content>& slots = rehearsal.slots[static_cast<std::size_t>(chip)];
  const int inputs = input_slices(collective, group, index);
  const int outputs = output_slices(collective, static_cast<int>(group.chips.size()));
  if (plan.input_slices != inputs || plan.output_slices != outputs) {
    faults.push_back(fmt::format("chip {}: {} input slices and {} output slices, {} and {} needed",
                                 chip, plan.input_slices, plan.output_slices, inputs, outputs));
    return;
  }
  for (int slice = 0; slice < plan.output_slices; ++slice) {
    for (int part = 0; part < plan.parts; ++part) {
      const int slot = plan.output_first + slice * plan.parts + part;
      const std::vector<Term>& found = slots.at(static_cast<std::size_t>(slot)).terms;
      const std::vector<Term> expected = expected_terms(collective, group, index, slice, part);
      if (found == expected) continue;
      faults.push_back(
          fmt::format("chip {}: output slice {} part {} holds{}, needed:{} (source.slice.part)",
                      chip, slice, part, to_text(found), to_text(expected)));
    }
  }
}

Verdict verdict_on(Collective collective, const std::vector<VerifiedGroup>& groups,
                   Rehearsal rehearsal) {
  Verdict verdict;
  verdict.faults = std::move(rehearsal.faults);
  verdict.pages.resize(rehearsal.plans.size());
  for (const VerifiedGroup& group : groups) {
    for (std::size_t index = 0; index < group.chips.size(); ++index) {
      check_output(collective, rehearsal, group, static_cast<int>(index), verdict.faults);
    }
  }
  for (const Act& act : rehearsal.acts) {
    if (act.step.kind == Step::Kind::Signal) ++verdict.signals;
    if (act.step.kind != Step::Kind::Send) continue;
    ++verdict.messages;
    verdict.pages[static_cast<std::size_t>(act.chip)][static_cast<std::size_t>(act.step.lane)] +=
        act.pages;
  }
  return verdict;
}

}  // namespace

Verdict verify(Collective collective, const std::vector<VerifiedGroup>& groups, const Cast& cast) {
  return verdict_on(collective, groups, rehearse(cast));
}

Verdict verify(Collective collective, const Algorithm& algorithm, const RehearsalOptions& options) {
  return verdict_on(collective, {{.chips = numbered_line(options.size).chips}},
                    rehearse(algorithm, options));
}

}  // namespace ttmesh::ccl
