#include "ccl/verifier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ccl/steps.hpp"
#include "tests/ccl/algorithms.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::Generator;
using mesh::Lane;
using mesh::Step;
using mesh::StepPlan;
using test::Case;
using test::kCases;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::int64_t kSlicePages = 5;

class EveryAlgorithm : public testing::TestWithParam<Case> {};

TEST_P(EveryAlgorithm, LeavesEveryTermWhereTheDefinitionSaysOnLinesOfAnySize) {
  for (int size = GetParam().smallest(); size <= 64; ++size) {
    EXPECT_THAT(GetParam().verified(size, kSlicePages).faults, IsEmpty()) << size << " chips";
  }
}

TEST_P(EveryAlgorithm, WorksWithSlicesOfASinglePage) {
  for (int size = GetParam().smallest(); size <= 16; ++size) {
    EXPECT_THAT(GetParam().verified(size, 1).faults, IsEmpty()) << size << " chips";
  }
}

Generator<Step> replay(std::vector<Step> steps) {
  for (const Step& step : steps) co_yield step;
}

std::vector<Step> all_steps(Generator<Step> generator) {
  std::vector<Step> steps;
  while (const auto step = generator.next()) steps.push_back(*step);
  return steps;
}

/// What `mutate` does to the step list of one chip; false if it leaves it as it was.
using Mutation = bool (*)(std::vector<Step>& steps, std::size_t at);

/// The verdict on `algorithm` with a change to one step of one chip, or nothing if there is none.
std::optional<Verdict> verdict_on_mutant(const Case& subject, int size, int chip, std::size_t at,
                                         Mutation mutate) {
  bool changed = false;
  const Algorithm original = subject.algorithm(kSlicePages);
  const Algorithm mutant = [&](const Member& member) {
    StepPlan plan = original(member);
    if (member.index != chip) return plan;
    std::vector<Step> steps = all_steps(std::move(plan.steps));
    if (at < steps.size()) changed = mutate(steps, at);
    plan.steps = replay(std::move(steps));
    return plan;
  };
  Verdict verdict =
      verify(subject.collective, mutant,
             {.size = size, .topology = subject.topology, .slice_pages = kSlicePages});
  if (!changed) return std::nullopt;
  return verdict;
}

/// Applies `mutate` to every step of every chip and expects the verifier to object each time.
void expect_every_mutant_is_caught(const Case& subject, Mutation mutate) {
  constexpr int kSize = 6;
  int mutants = 0;
  for (int chip = 0; chip < kSize; ++chip) {
    const mesh::Line line = numbered_line(kSize);
    StepPlan plan = subject.plan(member_of(line, chip, subject.topology), kSlicePages);
    const std::size_t count = all_steps(std::move(plan.steps)).size();
    for (std::size_t at = 0; at < count; ++at) {
      const std::optional<Verdict> verdict = verdict_on_mutant(subject, kSize, chip, at, mutate);
      if (!verdict) continue;
      ++mutants;
      EXPECT_THAT(verdict->faults, Not(IsEmpty())) << "chip " << chip << ", step " << at;
    }
  }
  EXPECT_GT(mutants, kSize);
}

TEST_P(EveryAlgorithm, IsRefusedWithoutAnyOneOfItsSteps) {
  expect_every_mutant_is_caught(GetParam(), [](std::vector<Step>& steps, std::size_t at) {
    steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(at));
    return true;
  });
}

TEST_P(EveryAlgorithm, IsRefusedWithAStepTakenTwice) {
  expect_every_mutant_is_caught(GetParam(), [](std::vector<Step>& steps, std::size_t at) {
    if (steps[at].kind == Step::Kind::Copy) return false;  // Copying again changes nothing.
    steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(at), steps[at]);
    return true;
  });
}

TEST_P(EveryAlgorithm, IsRefusedWithAPayloadFromOrToTheWrongSlot) {
  expect_every_mutant_is_caught(GetParam(), [](std::vector<Step>& steps, std::size_t at) {
    if (steps[at].slot < 0) return false;
    steps[at].slot = steps[at].slot == 0 ? 1 : steps[at].slot - 1;
    return true;
  });
}

TEST_P(EveryAlgorithm, IsRefusedWithAChunkOfTheWrongRound) {
  expect_every_mutant_is_caught(GetParam(), [](std::vector<Step>& steps, std::size_t at) {
    if (steps[at].kind != Step::Kind::Send && steps[at].kind != Step::Kind::Receive) return false;
    steps[at].round += 1000;
    return true;
  });
}

TEST_P(EveryAlgorithm, IsRefusedWithAStepForTheWrongNeighbour) {
  expect_every_mutant_is_caught(GetParam(), [](std::vector<Step>& steps, std::size_t at) {
    if (steps[at].peer < 0) return false;
    steps[at].peer = (steps[at].peer + 1) % 6;
    return true;
  });
}

TEST_P(EveryAlgorithm, IsRefusedWithAUseBeforeItsReceive) {
  expect_every_mutant_is_caught(GetParam(), [](std::vector<Step>& steps, std::size_t at) {
    if (steps[at].kind != Step::Kind::Receive) return false;
    const int slot = steps[at].slot;
    const auto receive = steps.begin() + static_cast<std::ptrdiff_t>(at);
    const auto use = std::find_if(receive, steps.end(), [slot](const Step& step) {
      return (step.kind == Step::Kind::Reduce && step.source == slot) ||
             (step.kind == Step::Kind::Send && step.slot == slot);
    });
    if (use == steps.end()) return false;
    std::rotate(receive, use, use + 1);
    return true;
  });
}

INSTANTIATE_TEST_SUITE_P(Verifier, EveryAlgorithm, testing::ValuesIn(kCases),
                         [](const auto& each) { return std::string(each.param.name); });

/// Two chips that both receive before they send.
Generator<Step> receive_first(Member member) {
  const Chunk chunk{member.index == 0 ? Lane::Backward : Lane::Forward, sim::Engine::Router, 0};
  const Chunk mine{member.index == 0 ? Lane::Forward : Lane::Backward, sim::Engine::Router, 0};
  co_yield receive(member, chunk, 1 - member.index);
  co_yield send(member, mine, member.index);
}

StepPlan plan_of_two(const Member& member, Generator<Step> steps) {
  StepPlan plan;
  plan.slots.slots = 2;
  plan.slots.input_first = member.index;
  plan.slots.input_slices = 1;
  plan.slots.output_slices = 2;
  plan.steps = std::move(steps);
  return plan;
}

TEST(Verifier, NamesTheChipsThatWaitForEver) {
  const Algorithm algorithm = [](const Member& member) {
    return plan_of_two(member, receive_first(member));
  };
  const Verdict verdict = verify(Collective::AllGather, algorithm, {.size = 2});
  EXPECT_THAT(verdict.faults,
              testing::Contains("chip 0: receive slot 1 from chip 1 backward round 0 (router): "
                                "waits for ever"));
  EXPECT_THAT(verdict.faults,
              testing::Contains("chip 1: receive slot 0 from chip 0 forward round 0 (router): "
                                "waits for ever"));
}

/// Chip 0 sends two rounds; chip 1 takes the second before the first.
Generator<Step> overtaking(Member member) {
  if (member.index == 0) {
    co_yield send(member, Chunk{Lane::Forward, sim::Engine::Relay, 0}, 0);
    co_yield send(member, Chunk{Lane::Forward, sim::Engine::Relay, 1}, 0);
  } else {
    co_yield receive(member, Chunk{Lane::Forward, sim::Engine::Relay, 1}, 0);
    co_yield receive(member, Chunk{Lane::Forward, sim::Engine::Relay, 0}, 0);
  }
}

TEST(Verifier, CountsTheOrderOfALinkAsADependency) {
  const Algorithm algorithm = [](const Member& member) {
    return plan_of_two(member, overtaking(member));
  };
  const Verdict verdict = verify(Collective::AllGather, algorithm, {.size = 2});
  EXPECT_THAT(verdict.faults,
              testing::Contains("chip 1: receive slot 0 from chip 0 forward round 1 (relay): "
                                "waits for ever"));
}

/// Chip 0 sends its slot by a reduction worker, and then once more.
Generator<Step> giving_away_twice(Member member) {
  if (member.index > 0) co_return;
  co_yield send(member, Chunk{Lane::Forward, sim::Engine::Reduction, 0}, 0);
  co_yield send(member, Chunk{Lane::Forward, sim::Engine::Reduction, 1}, 0);
}

TEST(Verifier, RefusesToSendWhatAReductionWorkerHasGivenAway) {
  const Algorithm algorithm = [](const Member& member) {
    return plan_of_two(member, giving_away_twice(member));
  };
  const Verdict verdict = verify(Collective::AllGather, algorithm, {.size = 2});
  EXPECT_THAT(verdict.faults,
              testing::Contains("chip 0: send slot 0 to chip 1 forward round 1 (reduction): "
                                "the slot is empty"));
}

/// Both chips send at once, without a barrier.
Generator<Step> without_barrier(Member member) {
  const Lane lane = member.index == 0 ? Lane::Forward : Lane::Backward;
  const Lane other = member.index == 0 ? Lane::Backward : Lane::Forward;
  co_yield send(member, Chunk{lane, sim::Engine::Router, 0}, member.index);
  co_yield receive(member, Chunk{other, sim::Engine::Router, 0}, 1 - member.index);
}

TEST(Verifier, RefusesPayloadsForChipsThatMayNotHaveStarted) {
  const Algorithm algorithm = [](const Member& member) {
    return plan_of_two(member, without_barrier(member));
  };
  const Verdict verdict = verify(Collective::AllGather, algorithm, {.size = 2});
  EXPECT_THAT(verdict.faults,
              testing::Each(HasSubstr("before this chip was known to have started")));
  EXPECT_EQ(verdict.faults.size(), 2u);
}

TEST(Verifier, RefusesAMulticastThatAwaitsOnlyItsNeighbour) {
  const Algorithm algorithm = [](const Member& member) {
    StepPlan plan = line_all_gather(member, 0);
    std::vector<Step> steps = all_steps(std::move(plan.steps));
    const std::vector<Step> barrier = neighbour_barrier(member);
    std::copy(barrier.begin(), barrier.end(), steps.begin());
    plan.steps = replay(std::move(steps));
    return plan;
  };
  EXPECT_THAT(verify(Collective::AllGather, algorithm, {.size = 2}).faults, IsEmpty());
  EXPECT_THAT(verify(Collective::AllGather, algorithm, {.size = 3}).faults, Not(IsEmpty()));
}

}  // namespace
}  // namespace ttmesh::ccl
