#include "mesh/topology/yaml_value.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "mesh/topology/error.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::ThrowsMessage;

using Kind = YamlValue::Kind;

YamlValue parse(const std::string& text) { return parse_yaml({"f.yaml", text}); }

TEST(YamlValue, KnowsTheLineOfEveryValue) {
  const YamlValue root = parse("# a comment\na:\n  - 1\n  - {b: 2,\n     c: 3}\n");
  EXPECT_EQ(root.line, 2);
  EXPECT_EQ(root.keys.at(0).line, 2);
  const YamlValue& list = root.items.at(0);
  EXPECT_EQ(list.items.at(0).line, 3);
  EXPECT_EQ(list.items.at(1).line, 4);
  EXPECT_EQ(list.items.at(1).find("c")->line, 5);
}

TEST(YamlValue, TellsTextFromWordsAndNothing) {
  const YamlValue root = parse("a: 5\nb: '5'\nc:\nd: ~\ne: 'null'\nf: \"\"\n");
  EXPECT_EQ(root.find("a")->text, "5");
  EXPECT_FALSE(root.find("a")->quoted);
  EXPECT_TRUE(root.find("b")->quoted);
  EXPECT_EQ(root.find("c")->kind, Kind::Null);
  EXPECT_EQ(root.find("d")->kind, Kind::Null);
  EXPECT_EQ(root.find("e")->kind, Kind::Scalar);
  EXPECT_EQ(root.find("f")->kind, Kind::Scalar);
}

TEST(YamlValue, TakesAPairInAFlowListForAMap) {
  const YamlValue root = parse("[ 0: 7, ]");
  ASSERT_THAT(root.items, SizeIs(1));
  EXPECT_EQ(root.items.at(0).kind, Kind::Map);
  EXPECT_EQ(root.items.at(0).find("0")->text, "7");
}

TEST(YamlValue, IsNothingForAnEmptyDocument) {
  EXPECT_EQ(parse("").kind, Kind::Null);
  EXPECT_EQ(parse("# nothing\n").kind, Kind::Null);
}

TEST(YamlValue, ReportsEveryDuplicateKey) {
  try {
    (void)parse("a: 1\nb: {c: 1, d: 2, c: 3}\na: 2\n");
    FAIL() << "duplicates were accepted";
  } catch (const InvalidFile& error) {
    EXPECT_STREQ(error.what(),
                 "f.yaml:2: c: duplicate key, first given on line 2\n"
                 "f.yaml:3: a: duplicate key, first given on line 1");
  }
}

struct Case {
  std::string text;
  std::string message;
};

class YamlMistake : public testing::TestWithParam<Case> {};

TEST_P(YamlMistake, IsNamedWithItsLine) {
  EXPECT_THAT([] { (void)parse(GetParam().text); },
              ThrowsMessage<InvalidFile>(HasSubstr(GetParam().message)));
}

std::string repeated(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, YamlMistake,
    testing::Values(Case{"a: 1\nb: \xff\n", "f.yaml:2: Invalid YAML"},
                    Case{"a: 1\n\tb: 2\n", "f.yaml:2: Invalid YAML"},
                    Case{"a: [1, 2\nb: 3\n", "f.yaml:2: Invalid YAML"},
                    Case{"a: 'b\n", "Invalid YAML: found unexpected end of stream"},
                    Case{"a: 1\nb: &x 2\n", "f.yaml:2: an anchor is not accepted"},
                    Case{"a: 1\nb: *x\n", "f.yaml:2: an alias is not accepted"},
                    Case{"a: !!int 1\n", "f.yaml:1: the tag 'tag:yaml.org,2002:int'"},
                    Case{"a: 1\n---\nb: 1\n", "f.yaml:2: a second YAML document"},
                    Case{"[1, 2]: 3\n", "f.yaml:1: a key must be a word, found a list of 2"},
                    Case{"~: 3\n", "f.yaml:1: a key must be a word, found nothing"},
                    Case{repeated("[", 100'000), "nested deeper than 32 levels"},
                    Case{repeated("- ", 100'000), "nested deeper than 32 levels"},
                    Case{repeated("{a: ", 100'000), "nested deeper than 32 levels"},
                    Case{"[" + repeated("a,", 4'000'001) + "]", "more than 4000000 values"}));

}  // namespace
}  // namespace ttmesh::mesh
