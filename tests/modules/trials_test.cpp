#include "modules/trial/trials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "modules/open.hpp"

namespace ttmesh::modules {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Trials, PickTheClassByTheMesh) {
  for (const TrialFamily& family : trial_families()) {
    const std::string name(family.name);
    EXPECT_EQ(trial_name(name, {1, 8}), name + "_1d");
    EXPECT_EQ(trial_name(name, {8, 1}), name + "_1d");
    EXPECT_EQ(trial_name(name, {1, 1}), name + "_1d");
    EXPECT_EQ(trial_name(name, {2, 4}), name + "_2d");
  }
}

TEST(Trials, RefuseTheClassForOtherMeshesNamingTheRightOne) {
  for (const TrialFamily& family : trial_families()) {
    const std::string name(family.name);
    EXPECT_THAT(
        [&] {
          (void)trial_name(name + "_1d", {4, 8});
        },
        ThrowsMessage<std::invalid_argument>(HasSubstr("use " + name + "_2d instead")));
    EXPECT_THAT(
        [&] {
          (void)trial_name(name + "_2d", {1, 8});
        },
        ThrowsMessage<std::invalid_argument>(HasSubstr("use " + name + "_1d instead")));
  }
}

TEST(Trials, ListAllNamesForAnUnknownOne) {
  try {
    (void)trial_name("transformer", {1, 1});
    FAIL();
  } catch (const std::invalid_argument& error) {
    for (const std::string& name : trial_names()) EXPECT_THAT(error.what(), HasSubstr(name));
  }
}

TEST(Trials, AreSortedByUniqueNames) {
  const auto families = trial_families();
  EXPECT_TRUE(std::ranges::is_sorted(families, {}, &TrialFamily::name));
  EXPECT_EQ(std::ranges::adjacent_find(families, {}, &TrialFamily::name), families.end());
}

TEST(Trials, NeedTheirSizes) {
  const mesh::MeshDevice device = open("n150", {.threads = 1, .timing_only = true});
  for (const TrialFamily& family : trial_families()) {
    EXPECT_THAT([&] { (void)make_trial(device, {.module = std::string(family.name)}); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("needs a positive extent: --")))
        << family.name;
  }
}

TEST(TrialRequest, TakesOneDtypeOfEveryPrecision) {
  for (const char* text : {"f32", "bf16", "bfp8_b", "bfp4_b"}) {
    EXPECT_EQ(weight_precision({.weight_dtype = text}, mesh::DataType::Bfloat16).dtype,
              mesh::parse_dtype(text));
  }
  EXPECT_EQ(weight_precision({}, mesh::DataType::Bfp8B).dtype, mesh::DataType::Bfp8B);
}

TEST(TrialRequest, RefusesDtypesThatAreNone) {
  for (const char* text : {"mixed", "int32", "fp64"}) {
    EXPECT_THROW((void)weight_precision({.module = "lm_head", .weight_dtype = text},
                                        mesh::DataType::Bfloat16),
                 std::invalid_argument)
        << text;
  }
}

}  // namespace
}  // namespace ttmesh::modules
