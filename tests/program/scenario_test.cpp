#include "mesh/program/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "mesh/program/machine.hpp"
#include "mesh/topology/error.hpp"
#include "mesh/topology/load.hpp"

namespace ttmesh::mesh {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Scenario parse(const std::string& text) { return parse_scenario({"s.yaml", text}); }

/// What is wrong with a file, a line each; empty if nothing is.
std::vector<std::string> problems(const std::string& text, const std::string& topology = "") {
  try {
    const Scenario scenario = parse(text);
    if (!topology.empty()) (void)make_machine(load_topology(topology), scenario.settings);
  } catch (const InvalidFile& error) {
    std::vector<std::string> lines;
    for (const Problem& problem : error.problems()) lines.push_back(to_string(problem));
    return lines;
  }
  return {};
}

std::vector<std::string> texts(const Scenario& scenario) {
  std::vector<std::string> texts;
  for (const sim::Setting& setting : scenario.settings) texts.push_back(setting.text);
  return texts;
}

TEST(Scenario, GivesItsSettingsInTheFilesOrder) {
  const Scenario scenario = parse(
      "scenario: 1\n"
      "name: a bad cable\n"
      "set:\n"
      "  - link: {latency: +100ns, bandwidth: x1/2}\n"
      "  - link(0-1#1): {loss: 1e-4, retransmit_timeout: 20us}\n"
      "    link(axis:0):\n"
      "      down: true\n"
      "      jitter: \"200ns\"\n"
      "  - link: {latency: x2}\n"
      "  - chip(5): {slowdown: 3/2}\n"
      "  - host: {dispatch: untraced}\n");
  EXPECT_EQ(scenario.name, "a bad cable");
  EXPECT_THAT(texts(scenario),
              ElementsAre("link.latency=+100ns", "link.bandwidth=x1/2", "link(0-1#1).loss=1e-4",
                          "link(0-1#1).retransmit_timeout=20us", "link(axis:0).down=true",
                          "link(axis:0).jitter=200ns", "link.latency=x2", "chip(5).slowdown=3/2",
                          "host.dispatch=untraced"));
}

// What an argument can say a file can say, and the other way round: both are made by one parser.
TEST(Scenario, SaysTheSameAsArguments) {
  const Scenario scenario = parse(
      "scenario: 1\n"
      "set:\n"
      "  - link(wrap): {channels: 2, latency: 1us}\n"
      "  - link(2-3): {down: true}\n");
  std::vector<sim::Setting> typed;
  for (const std::string& text : texts(scenario)) typed.push_back(sim::parse_setting(text));
  const Machine from_file = make_machine(load_topology("t3k:1x8:ring"), scenario.settings);
  const Machine from_arguments = make_machine(load_topology("t3k:1x8:ring"), typed);
  EXPECT_EQ(from_file.topology.edges, from_arguments.topology.edges);
  ASSERT_EQ(from_file.channels.size(), from_arguments.channels.size());
  for (std::size_t i = 0; i < from_file.channels.size(); ++i) {
    EXPECT_EQ(from_file.channels[i].forth.link.latency,
              from_arguments.channels[i].forth.link.latency);
  }
}

TEST(Scenario, RemembersWhereASettingIsFrom) {
  const Scenario scenario = parse("scenario: 1\nset:\n- link:\n    latency: 1us\n");
  const sim::Setting::Origin& origin = scenario.settings.at(0).origin.value();
  EXPECT_EQ(origin.file, "s.yaml");
  EXPECT_EQ(origin.line, 4);
  EXPECT_EQ(origin.field, "set[0].link.latency");
}

TEST(Scenario, MayBeEmpty) { EXPECT_TRUE(parse("scenario: 1\nset: []\n").settings.empty()); }

TEST(Scenario, ListsEveryMistakeWithItsLineAndField) {
  EXPECT_THAT(
      problems("scenario: 1\n"
               "nmae: typo\n"
               "set:\n"
               "  - link: {latency: 2}\n"
               "  - cable: {latency: 2us}\n"
               "  - link(0-0): {latency: 2us}\n"
               "  - link: {speed: 2us}\n"
               "  - link:\n"
               "      loss: 7\n"
               "      down: maybe\n"
               "  - link: 2us\n"
               "  - link: {latency: [1us, 2us]}\n"
               "  - link: {latency: }\n"
               "  - text\n"),
      ElementsAre(HasSubstr("s.yaml:2: nmae: unknown key; known are scenario, name, set"),
                  HasSubstr("s.yaml:4: set[0].link.latency: the value is '2', a time such as"),
                  HasSubstr("s.yaml:5: set[1].cable: 'cable' selects nothing; the selectors are"),
                  HasSubstr("s.yaml:6: set[2].link(0-0): the link joins a chip to itself"),
                  HasSubstr("s.yaml:7: set[3].link.speed: no field is called 'speed'; link has"),
                  HasSubstr("s.yaml:9: set[4].link.loss: the value is '7', a probability such as"),
                  HasSubstr("s.yaml:10: set[4].link.down: the value is 'maybe', true or false"),
                  HasSubstr("s.yaml:11: set[5].link: must be a map of keys and values"),
                  HasSubstr("s.yaml:12: set[6].link.latency: must be one value, found a list"),
                  HasSubstr("s.yaml:13: set[7].link.latency: must be one value, found nothing"),
                  HasSubstr("s.yaml:14: set[8]: must be a map of keys and values")));
}

TEST(Scenario, ListsEverySettingThatTheMachineRefuses) {
  EXPECT_THAT(problems("scenario: 1\n"
                       "set:\n"
                       "  - link(0-9): {latency: 1us}\n"
                       "  - link(0-1): {latency: -1s}\n"
                       "  - chip(32): {slowdown: 2}\n"
                       "  - link(0-1#4): {down: true}\n"
                       "  - link(0-1#0): {channels: 2}\n"
                       "  - link(inter_mesh): {loss: 1%}\n"
                       "  - link(0-1): {loss: 60%}\n",
                       "tg"),
              ElementsAre(HasSubstr("s.yaml:3: set[0].link(0-9).latency: selects no link of tg"),
                          HasSubstr("s.yaml:4: set[1].link(0-1).latency: the result is"),
                          HasSubstr("s.yaml:5: set[2].chip(32).slowdown: selects chip 32, but tg"),
                          HasSubstr("s.yaml:6: set[3].link(0-1#4).down: the link has no channel 4"),
                          HasSubstr("s.yaml:7: set[4].link(0-1#0).channels: channels is a count"),
                          HasSubstr("s.yaml:8: set[5].link(inter_mesh).loss: selects no link"),
                          HasSubstr("s.yaml:9: set[6].link(0-1).loss: the result is 3/5, a loss")));
}

TEST(Scenario, NeedsItsVersionAndItsList) {
  EXPECT_THAT(problems("name: x\n"), ElementsAre(HasSubstr("s.yaml:1: scenario: is missing"),
                                                 HasSubstr("s.yaml:1: set: is missing")));
  EXPECT_THAT(problems("scenario: 2\nset: []\n"), ElementsAre(HasSubstr("s.yaml:1: scenario: ")));
  EXPECT_THAT(problems("- 1\n"), ElementsAre(HasSubstr("must be a map")));
  EXPECT_THAT(problems(""), ElementsAre(HasSubstr("must be a map")));
}

TEST(Scenario, RefusesASelectorTwiceInOneEntry) {
  EXPECT_THAT(problems("scenario: 1\nset:\n- link: {latency: 1us}\n  link: {latency: 2us}\n"),
              ElementsAre(HasSubstr("s.yaml:4: link: duplicate key")));
}

TEST(Scenario, BoundsItsLength) {
  std::string text = "scenario: 1\nset:\n";
  for (std::size_t i = 0; i <= kMaxSettings; ++i) text += "- link: {latency: 1us}\n";
  EXPECT_THAT(problems(text), ElementsAre(HasSubstr("s.yaml:10003: set[10000].link.latency: is one "
                                                    "more than 10000 settings")));
}

TEST(Scenario, NamesAFileThatIsMissing) {
  EXPECT_THROW((void)load_scenario("/nonexistent/scenario.yaml"), InvalidFile);
}

// Whatever a file holds is a scenario or a list of mistakes; nothing else happens.
TEST(Scenario, SurvivesMutatedFiles) {
  const std::string seed =
      "scenario: 1\n"
      "name: x\n"
      "set:\n"
      "- link(0-1#1): {latency: +2us, loss: 1e-4, down: true}\n"
      "- chip(5): {slowdown: x3/2}\n"
      "  link(axis:1): {bandwidth: 12.5GB/s, channels: 2}\n"
      "- host: {dispatch: traced}\n";
  const std::vector<std::string> words{"link(wrap): ", "- ",          "\n",     "{",        "}",
                                       "loss: 50%",    "down: false", "jitter", "x1000000", "-1",
                                       "us",           ": "};
  std::mt19937 random(11);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  int accepted = 0;
  for (int i = 0; i < 5'000; ++i) {
    std::string text = seed;
    for (std::size_t edits = 1 + below(3); edits > 0; --edits) {
      const std::size_t at = below(text.size());
      switch (below(3)) {
        case 0:
          text.insert(at, words[below(words.size())]);
          break;
        case 1:
          text[at] = seed[below(seed.size())];
          break;
        default:
          text.erase(at, below(8));
      }
    }
    try {
      const Scenario scenario = parse(text);
      ++accepted;
      (void)make_machine(load_topology("t3k"), scenario.settings);
    } catch (const InvalidFile& error) {
      ASSERT_FALSE(error.problems().empty());
    }
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace ttmesh::mesh
