#include <gtest/gtest.h>

#include <vector>

#include "tests/modules/model_rows.hpp"

// The tables of TTTv2's tests of what has a vocabulary: embedding, LM head and sampling.
namespace ttmesh::modules {
namespace {

constexpr const char* kOne = "n150";
constexpr const char* kPair = "t3k:1x2:line";
constexpr const char* kRing = "t3k:1x8:ring";

ModelDims sizes(std::int64_t dim, std::int64_t vocab) { return {.dim = dim, .vocab = vocab}; }

std::vector<ModelRow> embedding_rows() {
  using enum Mode;
  std::vector<ModelRow> rows;
  for (const char* mesh : {kOne, kPair, kRing}) {
    rows.push_back({mesh, "embedding", sizes(4096, 32'768), Decode, 1, 0.999, true});
    rows.push_back({mesh, "embedding", sizes(2048, 128'256), Prefill, 128, 0.999, true});
    for (const std::int64_t dim : {2048, 3072, 4096, 8192}) {
      for (const std::int64_t seq : {32, 1024, 2048, 4096, 8192}) {
        rows.push_back({mesh, "embedding", sizes(dim, 128'256), Prefill, seq, 0.999});
      }
    }
    for (const std::int64_t dim : {3584, 5120, 8192}) {
      rows.push_back({mesh, "embedding", sizes(dim, 152'064), Prefill, 128, 0.999});
    }
  }
  for (const char* mesh : {"tg", "galaxy"}) {
    rows.push_back({mesh, "embedding", sizes(4096, 32'768), Decode, 1, 0.99, true});
    rows.push_back({mesh, "embedding", sizes(4096, 32'768), Prefill, 128, 0.99, true});
    for (const auto& dims : {sizes(8192, 128'256), sizes(5120, 151'936)}) {
      rows.push_back({mesh, "embedding", dims, Decode, 1, 0.99});
      rows.push_back({mesh, "embedding", dims, Prefill, 2048, 0.99});
    }
  }
  return rows;
}

std::vector<ModelRow> lm_head_rows() {
  using enum Mode;
  std::vector<ModelRow> rows;
  for (const char* mesh : {kOne, kPair, kRing}) {
    rows.push_back({mesh, "lm_head", sizes(4096, 32'768), Decode, 1, 0.999, true});
    rows.push_back({mesh, "lm_head", sizes(4096, 128'256), Decode, 1, 0.999});
  }
  for (const auto& dims :
       {sizes(2048, 128'256), sizes(3072, 128'256), sizes(8192, 128'256), sizes(3584, 152'064),
        sizes(5120, 152'064), sizes(8192, 152'064), sizes(5120, 151'936)}) {
    rows.push_back({kRing, "lm_head", dims, Decode, 1, 0.999});
  }
  for (const char* mesh : {"tg", "galaxy"}) {
    rows.push_back({mesh, "lm_head", sizes(4096, 32'768), Decode, 1, 0.99, true});
    rows.push_back({mesh, "lm_head", sizes(8192, 128'256), Decode, 1, 0.99});
    rows.push_back({mesh, "lm_head", sizes(5120, 151'936), Decode, 1, 0.99});
  }
  return rows;
}

/// Tokens are equal to the likeliest ones: no correlation is short of 1.
std::vector<ModelRow> sampling_rows() {
  std::vector<ModelRow> rows;
  for (const std::int64_t vocab : {32'768, 128'256, 32'000, 151'936, 152'064}) {
    for (const char* mesh : {kOne, kPair, kRing, "tg", "galaxy"}) {
      rows.push_back({mesh, "sampling", sizes(0, vocab), Mode::Decode, 1, 1, true});
    }
  }
  return rows;
}

class VocabularyOfModel : public testing::TestWithParam<ModelRow> {};

TEST_P(VocabularyOfModel, ReachesWhatItsTestsDemand) { expect_row(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Embedding, VocabularyOfModel, testing::ValuesIn(embedding_rows()),
                         row_name);
INSTANTIATE_TEST_SUITE_P(LMHead, VocabularyOfModel, testing::ValuesIn(lm_head_rows()), row_name);
INSTANTIATE_TEST_SUITE_P(Sampling, VocabularyOfModel, testing::ValuesIn(sampling_rows()), row_name);

}  // namespace
}  // namespace ttmesh::modules
