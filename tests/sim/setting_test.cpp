#include "sim/setting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace ttmesh::sim {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

Time apply_to(const char* text, Time value) { return apply(parse_setting(text), value); }
std::int64_t rate_of(const char* text) { return apply_rate(parse_setting(text), 1'000); }
Ratio factor_of(const char* text, Ratio factor = {3, 2}) {
  return apply_factor(parse_setting(text), factor);
}

TEST(Setting, KeepsItsSelector) {
  const Setting all = parse_setting("link.latency=2us");
  EXPECT_EQ(all.selector.kind, Selector::Kind::Link);
  EXPECT_TRUE(std::holds_alternative<Selector::All>(all.selector.which));

  const auto pair =
      std::get<Selector::Pair>(parse_setting("link(0-31).latency=2us").selector.which);
  EXPECT_EQ(pair.a, 0);
  EXPECT_EQ(pair.b, 31);

  const auto axis =
      std::get<Selector::Axis>(parse_setting("link(axis:1).latency=2us").selector.which);
  EXPECT_EQ(axis.cluster_axis, 1);

  const Setting chip = parse_setting("chip(5).slowdown=x2");
  EXPECT_EQ(chip.selector.kind, Selector::Kind::Chip);
  EXPECT_EQ(std::get<Selector::One>(chip.selector.which).chip, 5);
  EXPECT_EQ(chip.field, Setting::Field::Slowdown);
  EXPECT_EQ(chip.text, "chip(5).slowdown=x2");

  EXPECT_EQ(parse_setting("host.dispatch=untraced").selector.kind, Selector::Kind::Host);
}

TEST(Setting, SelectsLinksByWhatTheyAre) {
  const auto which = [](const char* text) { return parse_selector(text).which; };
  const auto channel = std::get<Selector::Pair>(which("link(3-1#2)"));
  EXPECT_EQ(channel.a, 3);
  EXPECT_EQ(channel.b, 1);
  EXPECT_EQ(channel.channel, 2);
  EXPECT_EQ(std::get<Selector::Pair>(which("link(3-1)")).channel, std::nullopt);
  EXPECT_EQ(std::get<Selector::One>(which("link(chip:7)")).chip, 7);
  EXPECT_EQ(std::get<Selector::Group>(which("link(wrap)")), Selector::Group::Wrap);
  EXPECT_EQ(std::get<Selector::Group>(which("link(express)")), Selector::Group::Express);
  EXPECT_EQ(std::get<Selector::Group>(which("link(inter_mesh)")), Selector::Group::InterMesh);
}

TEST(Setting, SelectsOneDirection) {
  const auto pair = [](const char* text) {
    return std::get<Selector::Pair>(parse_selector(text).which);
  };
  EXPECT_FALSE(pair("link(3-1)").one_way);
  EXPECT_TRUE(pair("link(3->1)").one_way);
  EXPECT_EQ(pair("link(3->1)").a, 3);
  EXPECT_EQ(pair("link(3->1)").b, 1);
  EXPECT_EQ(pair("link(3->1#2)").channel, 2);
  for (const char* wrong : {"link(->1)", "link(3->)", "link(3>1)", "link(3<-1)", "link(3->>1)",
                            "link(3->3)", "link(3->1#)", "link(3 -> 1)"}) {
    EXPECT_THROW((void)parse_selector(wrong), std::invalid_argument) << wrong;
  }
}

TEST(Setting, CountsChannelsBothWays) {
  EXPECT_THROW((void)parse_setting("link(0->1).channels=2"), std::invalid_argument);
  EXPECT_NO_THROW((void)parse_setting("link(0->1).down=true"));
}

TEST(Setting, SetsAddsAndScalesATime) {
  const Time before = Time::nanoseconds(711);
  EXPECT_EQ(apply_to("link.latency=2us", before), Time::microseconds(2));
  EXPECT_EQ(apply_to("link.latency=0us", before), Time());
  EXPECT_EQ(apply_to("link.latency=+2us", before), Time::nanoseconds(2'711));
  EXPECT_EQ(apply_to("link.latency=-11ns", before), Time::nanoseconds(700));
  EXPECT_EQ(apply_to("link.latency=x2", before), Time::nanoseconds(1'422));
  EXPECT_EQ(apply_to("link.latency=x0.5", before), Time::picoseconds(355'500));
  EXPECT_EQ(apply_to("link.latency=x1/3", Time::picoseconds(10)), Time::picoseconds(4));
}

TEST(Setting, ReadsEveryUnitOfTime) {
  EXPECT_EQ(apply_to("link.latency=7ps", Time()), Time::picoseconds(7));
  EXPECT_EQ(apply_to("link.latency=0.5ns", Time()), Time::picoseconds(500));
  EXPECT_EQ(apply_to("link.latency=1.5us", Time()), Time::nanoseconds(1'500));
  EXPECT_EQ(apply_to("link.latency=3ms", Time()), Time::microseconds(3'000));
  EXPECT_EQ(apply_to("link.latency=2s", Time()), Time::microseconds(2'000'000));
}

TEST(Setting, ReadsEveryUnitOfRate) {
  EXPECT_EQ(rate_of("link.bandwidth=7B/s"), 7);
  EXPECT_EQ(rate_of("link.bandwidth=7kB/s"), 7'000);
  EXPECT_EQ(rate_of("link.bandwidth=7MB/s"), 7'000'000);
  EXPECT_EQ(rate_of("link.bandwidth=12.5GB/s"), 12'500'000'000);
  EXPECT_EQ(rate_of("link.bandwidth=100Gb/s"), 12'500'000'000);
  EXPECT_EQ(rate_of("link.bandwidth=8Mb/s"), 1'000'000);
  EXPECT_EQ(rate_of("link.bandwidth=8kb/s"), 1'000);
  EXPECT_EQ(rate_of("link.bandwidth=8b/s"), 1);
  EXPECT_EQ(rate_of("link.bandwidth=+24B/s"), 1'024);
  EXPECT_EQ(rate_of("link.bandwidth=-1B/s"), 999);
  EXPECT_EQ(rate_of("link.bandwidth=x1/3"), 333);
}

TEST(Setting, KeepsFactorsExact) {
  EXPECT_EQ(factor_of("chip.slowdown=x0.5"), (Ratio{3, 4}));
  EXPECT_EQ(factor_of("chip.slowdown=x3/2"), (Ratio{9, 4}));
  EXPECT_EQ(factor_of("chip.slowdown=1.25"), (Ratio{5, 4}));
  EXPECT_EQ(factor_of("chip.slowdown=+0.5"), (Ratio{2, 1}));
  EXPECT_EQ(factor_of("chip.slowdown=-1/2"), (Ratio{1, 1}));
}

TEST(Setting, SetsAddsAndScalesACount) {
  const auto count_of = [](const char* text) { return apply_count(parse_setting(text), 4); };
  EXPECT_EQ(count_of("link.channels=2"), 2);
  EXPECT_EQ(count_of("link.channels=+3"), 7);
  EXPECT_EQ(count_of("link.channels=-3"), 1);
  EXPECT_EQ(count_of("link.channels=x3/8"), 1);
  EXPECT_THROW((void)count_of("link.channels=0"), std::invalid_argument);
  EXPECT_THROW((void)count_of("link.channels=-4"), std::invalid_argument);
  EXPECT_THROW((void)count_of("link.channels=x1000"), std::invalid_argument);
}

TEST(Setting, ReadsEveryFormOfAProbability) {
  const auto loss_of = [](const char* text) {
    return apply_probability(parse_setting(text), {1, 100});
  };
  EXPECT_EQ(loss_of("link.loss=0"), (Ratio{0, 1}));
  EXPECT_EQ(loss_of("link.loss=0.001"), (Ratio{1, 1'000}));
  EXPECT_EQ(loss_of("link.loss=1e-3"), (Ratio{1, 1'000}));
  EXPECT_EQ(loss_of("link.loss=2.5e-5"), (Ratio{1, 40'000}));
  EXPECT_EQ(loss_of("link.loss=0.1%"), (Ratio{1, 1'000}));
  EXPECT_EQ(loss_of("link.loss=1e-1%"), (Ratio{1, 1'000}));
  EXPECT_EQ(loss_of("link.loss=1/3"), (Ratio{1, 3}));
  EXPECT_EQ(loss_of("link.loss=50%"), (Ratio{1, 2}));
  EXPECT_EQ(loss_of("link.loss=+1e-2"), (Ratio{1, 50}));
  EXPECT_EQ(loss_of("link.loss=-1/200"), (Ratio{1, 200}));
  EXPECT_EQ(loss_of("link.loss=x1/10"), (Ratio{1, 1'000}));
  EXPECT_THROW((void)loss_of("link.loss=0.6"), std::invalid_argument);
  EXPECT_THROW((void)loss_of("link.loss=-2%"), std::invalid_argument);
  EXPECT_THROW((void)loss_of("link.loss=x51"), std::invalid_argument);
}

TEST(Setting, TurnsALinkOffAndOn) {
  EXPECT_TRUE(flag(parse_setting("link(0-1).down=true")));
  EXPECT_FALSE(flag(parse_setting("link(0-1).down=false")));
}

TEST(Setting, ReadsTheTimesOfJitterAndRetransmission) {
  EXPECT_EQ(parse_setting("link.jitter=200ns").field, Setting::Field::Jitter);
  EXPECT_EQ(apply_to("link.jitter=200ns", Time()), Time::nanoseconds(200));
  EXPECT_EQ(parse_setting("link.retransmit_timeout=x2").field, Setting::Field::RetransmitTimeout);
  EXPECT_EQ(apply_to("link.retransmit_timeout=x2", Time::microseconds(4)), Time::microseconds(8));
}

TEST(Setting, IsTheSameFromItsParts) {
  const Selector selector = parse_selector("link(0-1)");
  const Setting setting = make_setting("link(0-1)", selector, "loss", "1e-4");
  EXPECT_EQ(setting.text, "link(0-1).loss=1e-4");
  EXPECT_EQ(std::get<Ratio>(setting.value), (Ratio{1, 10'000}));
  EXPECT_THAT([&] { (void)make_setting("link(0-1)", selector, "lost", "1e-4"); },
              ThrowsMessage<std::invalid_argument>(testing::StartsWith("no field is called")));
}

TEST(Setting, ChoosesTheHostsDispatch) {
  const HostModel host{.traced_dispatch = Time::nanoseconds(1),
                       .untraced_dispatch = Time::nanoseconds(50),
                       .dispatch = Time::nanoseconds(2),
                       .write_bytes_per_s = 1,
                       .read_bytes_per_s = 1};
  EXPECT_EQ(apply_dispatch(parse_setting("host.dispatch=traced"), host), Time::nanoseconds(1));
  EXPECT_EQ(apply_dispatch(parse_setting("host.dispatch=untraced"), host), Time::nanoseconds(50));
  EXPECT_EQ(apply_dispatch(parse_setting("host.dispatch=7ns"), host), Time::nanoseconds(7));
  EXPECT_EQ(apply_dispatch(parse_setting("host.dispatch=x3"), host), Time::nanoseconds(6));
}

struct Mistake {
  const char* text;
  const char* message;
};

class SettingMistake : public testing::TestWithParam<Mistake> {};

TEST_P(SettingMistake, SaysWhatIsWrong) {
  EXPECT_THAT([] { (void)parse_setting(GetParam().text); },
              ThrowsMessage<std::invalid_argument>(HasSubstr(GetParam().message)));
  EXPECT_THAT(
      [] { (void)parse_setting(GetParam().text); },
      ThrowsMessage<std::invalid_argument>(HasSubstr("'" + std::string(GetParam().text) + "'")));
}

INSTANTIATE_TEST_SUITE_P(
    Texts, SettingMistake,
    testing::Values(
        Mistake{"", "there is no '='"}, Mistake{"link.latency", "SELECTOR.FIELD=VALUE"},
        Mistake{"latency=2us", "names no field"}, Mistake{"=2us", "names no field"},
        Mistake{"cable.latency=2us", "the selectors are link, link(A-B)"},
        Mistake{".latency=2us", "the selectors are"},
        Mistake{"link(0-1.latency=2us", "no closing parenthesis"},
        Mistake{"link(0-1)x.latency=2us", "no closing parenthesis"},
        Mistake{"link().latency=2us", "the selectors are"},
        Mistake{"link(3).latency=2us", "the selectors are"},
        Mistake{"host(3).dispatch=2us", "the selectors are"},
        Mistake{"link(0-x).latency=2us", "the second chip is 'x'"},
        Mistake{"link(-1).latency=2us", "the first chip is ''"},
        Mistake{"link(2-2).latency=2us", "to itself"},
        Mistake{"link(axis:2).latency=2us", "axes 0 and 1"},
        Mistake{"link(axis:).latency=2us", "the axis is ''"},
        Mistake{"chip(a).slowdown=x2", "the chip is 'a'"},
        Mistake{"chip(9999999999).slowdown=x2", "a whole number is needed"},
        Mistake{"link(0-1#x).latency=2us", "the channel is 'x'"},
        Mistake{"link(0-1#).latency=2us", "the channel is ''"},
        Mistake{"link(chip:x).latency=2us", "the chip is 'x'"},
        Mistake{"link(wraps).latency=2us", "link(wrap)"},
        Mistake{"chip(wrap).slowdown=2", "the chip is 'wrap'"},
        Mistake{"chip(axis:0).slowdown=2", "the chip is 'axis:0'"},
        Mistake{"link.speed=2us", "link has latency, bandwidth, channels, down, jitter, loss, "},
        Mistake{"link.=2us", "link has latency, bandwidth"},
        Mistake{"link.down=yes", "true or false is needed"},
        Mistake{"link.down=x2", "true or false is needed"},
        Mistake{"link.down=", "the value is missing"},
        Mistake{"link.channels=1.5", "a whole number such as 2"},
        Mistake{"link.channels=two", "a whole number such as 2"},
        Mistake{"link.jitter=200", "units ps, ns, us, ms, s"},
        Mistake{"link.loss=1e4", "a probability such as"},
        Mistake{"link.loss=1e-", "a probability such as"},
        Mistake{"link.loss=1e-99", "a probability such as"},
        Mistake{"link.loss=1/3%", "a probability such as"},
        Mistake{"link.loss=101%", "a probability such as"},
        Mistake{"link.loss=1.1", "a probability such as"},
        Mistake{"link.loss=%", "a probability such as"},
        Mistake{"chip.latency=2us", "chip has slowdown"},
        Mistake{"host.latency=2us", "host has dispatch"},
        Mistake{"link.latency=", "the value is missing"},
        Mistake{"link.latency=2", "units ps, ns, us, ms, s"},
        Mistake{"link.latency=2 us", "units ps, ns, us, ms, s"},
        Mistake{"link.latency=2GB/s", "units ps, ns, us, ms, s"},
        Mistake{"link.latency=1.2.3us", "units ps"}, Mistake{"link.latency=.5us", "units ps"},
        Mistake{"link.latency=5.us", "units ps"}, Mistake{"link.latency=us", "units ps"},
        Mistake{"link.latency=+us", "units ps"}, Mistake{"link.latency=+-2us", "units ps"},
        Mistake{"link.latency=0.5ps", "units ps"}, Mistake{"link.latency=1e3us", "units ps"},
        Mistake{"link.latency=99999999999999999999ps", "units ps"},
        Mistake{"link.latency=99999999999s", "units ps"},
        Mistake{"link.latency=x", "a factor such as"}, Mistake{"link.latency=x-2", "a factor"},
        Mistake{"link.latency=x3/0", "a factor"}, Mistake{"link.latency=x3/", "a factor"},
        Mistake{"link.latency=x1.5/2", "a factor"},
        Mistake{"link.bandwidth=12GB", "units B/s, kB/s"},
        Mistake{"link.bandwidth=12gb/s", "units B/s, kB/s"},
        Mistake{"link.bandwidth=1b/s", "units B/s, kB/s"},
        Mistake{"chip.slowdown=2us", "a factor such as 2, 0.5 or 3/2"},
        Mistake{"host.dispatch=Traced", "traced, untraced, or a time"}));

// Whatever is typed is either a setting or one clear error; nothing else happens.
TEST(Setting, SurvivesMutatedTexts) {
  const std::vector<std::string> seeds{
      "link(0-1).latency=+2us",     "link(axis:1).bandwidth=12.5GB/s", "chip(5).slowdown=x3/2",
      "host.dispatch=untraced",     "link(0-1#1).loss=2.5e-4",         "link(wrap).loss=0.1%",
      "link(inter_mesh).down=true", "link(chip:3).channels=2"};
  const std::string alphabet = "linkchpostaxis().:-=+x/0129.usGBbkM#%e \xff";
  std::mt19937 random(7);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  int accepted = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text = seeds[below(seeds.size())];
    for (std::size_t edits = 1 + below(3); edits > 0; --edits) {
      const std::size_t at = below(text.size() + 1);
      const char letter = alphabet[below(alphabet.size())];
      switch (below(3)) {
        case 0:
          text.insert(at, 1, letter);
          break;
        case 1:
          if (at < text.size()) text[at] = letter;
          break;
        default:
          text.erase(at, 1);
      }
    }
    try {
      const Setting setting = parse_setting(text);
      ++accepted;
      if (std::holds_alternative<Time>(setting.value)) (void)apply(setting, Time::microseconds(1));
      if (std::holds_alternative<std::int64_t>(setting.value)) (void)apply_rate(setting, 1'000);
      if (setting.field == Setting::Field::Loss) (void)apply_probability(setting, {1, 7});
      if (setting.field == Setting::Field::Channels) (void)apply_count(setting, 3);
      if (std::holds_alternative<Ratio>(setting.value)) (void)apply_factor(setting, {3, 2});
    } catch (const std::invalid_argument&) {
    }
  }
  EXPECT_GT(accepted, 1'000);
}

TEST(Setting, RefusesResultsOutOfRange) {
  EXPECT_THROW((void)apply_to("link.latency=-2us", Time::microseconds(1)), std::invalid_argument);
  EXPECT_THROW((void)rate_of("link.bandwidth=0B/s"), std::invalid_argument);
  EXPECT_THROW((void)rate_of("link.bandwidth=-1kB/s"), std::invalid_argument);
  EXPECT_THROW((void)rate_of("link.bandwidth=x1/2000"), std::invalid_argument);
  EXPECT_THROW((void)factor_of("chip.slowdown=0"), std::invalid_argument);
  EXPECT_THROW((void)factor_of("chip.slowdown=-3/2"), std::invalid_argument);
  EXPECT_THROW((void)apply_to("link.latency=x999999999999999999", Time::microseconds(1'000)),
               std::invalid_argument);
}

TEST(Setting, RefusesAValueOfAnotherKind) {
  EXPECT_THROW((void)rate_of("link.latency=2us"), std::invalid_argument);
  EXPECT_THROW((void)apply_to("link.bandwidth=2B/s", Time()), std::invalid_argument);
  EXPECT_THROW((void)apply_to("host.dispatch=traced", Time()), std::invalid_argument);
  EXPECT_THROW((void)factor_of("link.latency=2us"), std::invalid_argument);
}

}  // namespace
}  // namespace ttmesh::sim
