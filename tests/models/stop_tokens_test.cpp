#include "modules/spec/stop_tokens.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "mesh/topology/error.hpp"
#include "tests/scratch_folder.hpp"

namespace ttmesh::modules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

class StopTokens : public testing::Test {
 protected:
  void write(const char* file, const std::string& text) const { folder_.write(file, text); }
  std::vector<std::uint32_t> read() const { return stop_tokens_in(folder_.path()); }

 private:
  ScratchFolder folder_;
};

TEST_F(StopTokens, AreANumberAListOrNone) {
  write("config.json", R"({"eos_token_id": 2})");
  EXPECT_THAT(read(), ElementsAre(2));
  write("config.json", R"({"eos_token_id": [128001, 128008]})");
  EXPECT_THAT(read(), ElementsAre(128001, 128008));
  write("config.json", R"({"eos_token_id": null})");
  EXPECT_THAT(read(), IsEmpty());
  write("config.json", "{}");
  EXPECT_THAT(read(), IsEmpty());
}

TEST_F(StopTokens, AreThoseOfTheGenerationConfigWhereThereIsOne) {
  write("config.json", R"({"eos_token_id": 2})");
  write("generation_config.json", R"({"eos_token_id": [7]})");
  EXPECT_THAT(read(), ElementsAre(7));
  write("generation_config.json", "{}");
  EXPECT_THAT(read(), IsEmpty());
}

TEST_F(StopTokens, AreRefusedWhereTheyAreNoTokenIds) {
  for (const char* wrong : {"-1", "\"</s>\"", "[1, 2.5]", "{}", "3000000000"}) {
    write("config.json", std::string(R"({"eos_token_id": )") + wrong + "}");
    EXPECT_THAT([&] { (void)read(); },
                ThrowsMessage<mesh::InvalidFile>(HasSubstr("eos_token_id: is")))
        << wrong;
  }
}

}  // namespace
}  // namespace ttmesh::modules
