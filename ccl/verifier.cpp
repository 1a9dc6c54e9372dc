#include "ccl/verifier.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

namespace ttmesh::ccl {
namespace {

using mesh::SlotPlan;
using mesh::Step;

int output_slices(Collective collective, int chips) {
  return collective == Collective::AllGather ? chips : 1;
}

int input_slices(Collective collective, int chips) {
  return collective == Collective::AllGather ? 1 : chips;
}

/// Terms of one part of slice `slice` of the output of `chip`.
std::vector<Term> expected_terms(Collective collective, int chips, int chip, int slice, int part) {
  if (collective == Collective::AllGather) return {{slice, 0, part}};
  std::vector<Term> terms;
  for (int source = 0; source < chips; ++source) terms.push_back({source, chip, part});
  return terms;
}

std::string to_text(const std::vector<Term>& terms) {
  std::string text;
  for (const Term& term : terms) {
    text += fmt::format(" {}.{}.{}", term.source, term.slice, term.part);
  }
  return text.empty() ? " nothing" : text;
}

void check_output(Collective collective, const Rehearsal& rehearsal, int chip,
                  std::vector<std::string>& faults) {
  const int chips = static_cast<int>(rehearsal.plans.size());
  const SlotPlan& plan = rehearsal.plans[static_cast<std::size_t>(chip)];
  const std::vector<Content>& slots = rehearsal.slots[static_cast<std::size_t>(chip)];
  if (plan.input_slices != input_slices(collective, chips) ||
      plan.output_slices != output_slices(collective, chips)) {
    faults.push_back(fmt::format(
        "chip {}: {} input slices and {} output slices, {} and {} needed", chip, plan.input_slices,
        plan.output_slices, input_slices(collective, chips), output_slices(collective, chips)));
    return;
  }
  for (int slice = 0; slice < plan.output_slices; ++slice) {
    for (int part = 0; part < plan.parts; ++part) {
      const int index = plan.output_first + slice * plan.parts + part;
      const std::vector<Term>& found = slots.at(static_cast<std::size_t>(index)).terms;
      const std::vector<Term> expected = expected_terms(collective, chips, chip, slice, part);
      if (found == expected) continue;
      faults.push_back(
          fmt::format("chip {}: output slice {} part {} holds{}, needed:{} (source.slice.part)",
                      chip, slice, part, to_text(found), to_text(expected)));
    }
  }
}

}  // namespace

Verdict verify(Collective collective, const Algorithm& algorithm, const RehearsalOptions& options) {
  Rehearsal rehearsal = rehearse(algorithm, options);
  Verdict verdict;
  verdict.faults = std::move(rehearsal.faults);
  verdict.pages.resize(static_cast<std::size_t>(options.size));
  for (int chip = 0; chip < options.size; ++chip) {
    check_output(collective, rehearsal, chip, verdict.faults);
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

}  // namespace ttmesh::ccl
