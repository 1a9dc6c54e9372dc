#include "modules/checkpoint/safetensors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "mesh/topology/error.hpp"
#include "modules/checkpoint/checkpoint.hpp"
#include "modules/model/model_source.hpp"
#include "tests/models/model_folder.hpp"
#include "tests/models/safetensors_bytes.hpp"

namespace ttmesh::modules {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr const char* kTwo =
    R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
    R"("b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]}})";

StoredTensors parsed(const std::string& bytes) {
  return parse_safetensors("x.safetensors", bytes, bytes.size());
}

void refused(const std::string& header, std::size_t data, const char* text) {
  EXPECT_THAT([&] { (void)parsed(safetensors_bytes(header, data)); },
              ThrowsMessage<mesh::InvalidFile>(HasSubstr(text)))
      << header;
}

std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}}";
}

TEST(Safetensors, SayWhereTensorsAre) {
  const StoredTensors tensors = parsed(safetensors_bytes(kTwo, 32));
  ASSERT_EQ(tensors.size(), 2U);
  const StoredTensor& b = tensors.at("b");
  EXPECT_EQ(b.shape, mesh::Shape({4}));
  EXPECT_EQ(b.type(), StoredType::Bfloat16);
  EXPECT_EQ(b.offset, 8 + std::string(kTwo).size() + 24);
  EXPECT_EQ(b.bytes, 8U);
}

TEST(Safetensors, MayHaveSpacesAfterTheHeader) {
  EXPECT_EQ(parsed(safetensors_bytes(std::string(kTwo) + "   ", 32)).size(), 2U);
}

TEST(Safetensors, RefuseAFileThatIsCutShort) {
  EXPECT_THAT([] { (void)parsed("abc"); },
              ThrowsMessage<mesh::InvalidFile>(HasSubstr("has 3 bytes")));
  refused(kTwo, 31, "the file has 31 bytes of data, needs 32: it is cut short");
  const std::string whole = safetensors_bytes(kTwo, 32);
  EXPECT_THAT([&] { (void)parsed(whole.substr(0, 40)); },
              ThrowsMessage<mesh::InvalidFile>(HasSubstr("for the header alone: it is cut short")));
}

TEST(Safetensors, RefuseAHeaderThatIsTooLong) {
  std::string bytes = safetensors_bytes(kTwo, 32);
  bytes[7] = '\x7F';
  EXPECT_THAT([&] { (void)parsed(bytes); },
              ThrowsMessage<mesh::InvalidFile>(HasSubstr("needs at most 100000000")));
}

TEST(Safetensors, RefuseGapsOverlapsAndRests) {
  refused(kTwo, 40, "has 40 bytes of data, its tensors have 32");
  refused(one("\"F32\"", "[1]", "[4,8]"), 8, "begins at byte 4 of the data, needs 0");
  refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
          R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
          12, "b: begins at byte 4 of the data, needs 8");
}

TEST(Safetensors, RefuseWrongEntries) {
  refused(one("\"F33\"", "[1]", "[0,4]"), 4, "dtype is \"F33\", needs one of BOOL");
  refused(one("7", "[1]", "[0,4]"), 4, "dtype is 7");
  refused(one("\"F32\"", "[-1]", "[0,4]"), 4, "extent -1");
  refused(one("\"F32\"", "[1.5]", "[0,4]"), 4, "extent 1.5");
  refused(one("\"F32\"", "4", "[0,4]"), 4, "shape needs a list");
  refused(one("\"F32\"", "[2]", "[0,4]"), 4, "has 4 bytes, F32 [2] needs 8");
  refused(one("\"F32\"", "[1]", "[4,0]"), 4, "data_offsets are [4,0]");
  refused(one("\"F32\"", "[4294967296,4294967296,4294967296]", "[0,4]"), 4,
          "needs more than a file can have");
  refused(R"({"a":{"dtype":"F32"}})", 0, "needs exactly dtype, shape and data_offsets");
  refused(R"({"__metadata__":{"a":1}})", 0, "__metadata__: needs texts by name");
  refused("[]", 0, "needs an object");
  refused("{", 0, "this is not JSON");
  refused(std::string(100, '['), 0, "nested deeper than 32");
}

TEST(Safetensors, ListEveryWrongEntry) {
  EXPECT_THAT(
      [] {
        (void)parsed(safetensors_bytes(
            R"({"a":{"dtype":"X","shape":[],"data_offsets":[0,4]},"b":{"dtype":"F32"}})", 4));
      },
      ThrowsMessage<mesh::InvalidFile>(AllOf(HasSubstr("a: dtype"), HasSubstr("b: needs"))));
}

constexpr const char* kConfig =
    R"({"architectures":["LlamaForCausalLM"],"hidden_size":64,"intermediate_size":96,)"
    R"("num_hidden_layers":2,"num_attention_heads":2,"vocab_size":40})";

TEST(Checkpoint, MayBeInSeveralFiles) {
  const ModelFolder one(kConfig);
  const ModelFolder two(kConfig, {.shards = 2});
  const StoredTensors whole = read_checkpoint(one.path());
  const StoredTensors parts = read_checkpoint(two.path());
  ASSERT_EQ(whole.size(), parts.size());
  for (const auto& [name, tensor] : whole) EXPECT_EQ(parts.at(name).shape, tensor.shape) << name;
}

TEST(Checkpoint, RefusesADirectoryWithoutWeights) {
  const ModelFolder folder(kConfig);
  std::filesystem::remove(folder.path() / "model.safetensors");
  EXPECT_THAT([&] { (void)model_in(folder.path()); },
              ThrowsMessage<mesh::InvalidFile>(HasSubstr("there is neither model.safetensors")));
}

TEST(Checkpoint, NamesEveryFileThatIsMissingOrCutShort) {
  const ModelFolder folder(kConfig, {.shards = 3});
  std::filesystem::remove(folder.path() / "model-1-of-3.safetensors");
  std::filesystem::resize_file(folder.path() / "model-3-of-3.safetensors", 2000);
  EXPECT_THAT([&] { (void)model_in(folder.path()); },
              ThrowsMessage<mesh::InvalidFile>(
                  AllOf(HasSubstr("model-1-of-3.safetensors: cannot read"),
                        HasSubstr("model-3-of-3.safetensors"), HasSubstr("it is cut short"))));
}

TEST(Checkpoint, RefusesNamesOutsideTheDirectory) {
  EXPECT_THAT(
      [] {
        (void)parse_checkpoint_index("index", R"({"weight_map":{"a":"../b","c":"d/e","f":7}})");
      },
      ThrowsMessage<mesh::InvalidFile>(
          AllOf(HasSubstr("weight_map.a"), HasSubstr("weight_map.c"), HasSubstr("weight_map.f"))));
}

TEST(Checkpoint, ListsEveryTensorThatDoesNotFitTheConfig) {
  const ModelFolder folder(kConfig);
  std::ofstream(folder.path() / "config.json")
      << R"({"architectures":["Qwen2ForCausalLM"],"hidden_size":64,"intermediate_size":128,)"
         R"("num_hidden_layers":1,"num_attention_heads":2,"vocab_size":40})";
  EXPECT_THAT(
      [&] { (void)model_in(folder.path()); },
      ThrowsMessage<mesh::InvalidFile>(AllOf(
          HasSubstr("model.layers.0.mlp.gate_proj.weight: has shape [96, 64], config.json needs "
                    "[128, 64]"),
          HasSubstr("model.layers.0.self_attn.q_proj.bias: is missing"),
          HasSubstr("model.layers.1.mlp.up_proj.weight: does not belong"))));
}

}  // namespace
}  // namespace ttmesh::modules
