#include "modules/model_dims.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace ttmesh::modules {
namespace {

TEST(ModelDims, AreFoundWhateverTheCase) {
  const ModelDims& model = find_model("Llama-3.3-70B");
  EXPECT_EQ(model.dim, 8192);
  EXPECT_EQ(model.hidden_dim, 28672);
  EXPECT_EQ(model.layers, 80);
}

TEST(ModelDims, OfAnUnknownModelListTheNames) {
  try {
    (void)find_model("gpt-2");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("'gpt-2' is unknown"));
    for (const ModelDims& model : models()) {
      EXPECT_THAT(error.what(), testing::HasSubstr(std::string(model.name)));
    }
  }
}

TEST(ModelDims, AreSortedByUniqueNames) {
  const auto all = models();
  EXPECT_TRUE(std::ranges::is_sorted(all, {}, &ModelDims::name));
  EXPECT_EQ(std::ranges::adjacent_find(all, {}, &ModelDims::name), all.end());
}

TEST(ModelDims, FitTiles) {
  for (const ModelDims& model : models()) {
    SCOPED_TRACE(std::string(model.name));
    EXPECT_EQ(model.dim % 32, 0);
    EXPECT_EQ(model.heads % model.kv_heads, 0);
    EXPECT_EQ(model.head_dim % 32, 0);
  }
}

}  // namespace
}  // namespace ttmesh::modules
