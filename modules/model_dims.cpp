#include "modules/model_dims.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>
#include <string>
#include <vector>

namespace ttmesh::modules {
namespace {

// Source: the config.json that each model is published with. Cross-attention layers of the vision
// models are counted; their MLPs are alike.
constexpr std::array<ModelDims, 16> kModels{{
    {"deepseek-r1-distill-14b", 5120, 13824, 48, 40, 8, 128, 152064},
    {"llama-3.1-70b", 8192, 28672, 80, 64, 8, 128, 128256},
    {"llama-3.1-8b", 4096, 14336, 32, 32, 8, 128, 128256},
    {"llama-3.2-11b", 4096, 14336, 40, 32, 8, 128, 128256},
    {"llama-3.2-1b", 2048, 8192, 16, 32, 8, 64, 128256},
    {"llama-3.2-3b", 3072, 8192, 28, 24, 8, 128, 128256},
    {"llama-3.2-90b", 8192, 28672, 100, 64, 8, 128, 128256},
    {"llama-3.3-70b", 8192, 28672, 80, 64, 8, 128, 128256},
    {"mistral-7b", 4096, 14336, 32, 32, 8, 128, 32768},
    {"mixtral-8x7b", 4096, 14336, 32, 32, 8, 128, 32000},
    {"phi-4", 5120, 17920, 40, 40, 10, 128, 100352},
    {"qwen2-7b", 3584, 18944, 28, 28, 4, 128, 152064},
    {"qwen2.5-72b", 8192, 29568, 80, 64, 8, 128, 152064},
    {"qwen2.5-7b", 3584, 18944, 28, 28, 4, 128, 152064},
    {"qwen2.5-coder-32b", 5120, 27648, 64, 40, 8, 128, 152064},
    {"qwen3-32b", 5120, 25600, 64, 64, 8, 128, 151936},
}};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

}  // namespace

std::span<const ModelDims> models() { return kModels; }

const ModelDims& find_model(std::string_view name) {
  const std::string wanted = lower(name);
  const auto found = std::find_if(kModels.begin(), kModels.end(),
                                  [&](const ModelDims& model) { return model.name == wanted; });
  if (found != kModels.end()) return *found;
  std::vector<std::string_view> names;
  for (const ModelDims& model : kModels) names.push_back(model.name);
  throw std::invalid_argument(fmt::format("[find_model] model '{}' is unknown, needs one of {}",
                                          name, fmt::join(names, ", ")));
}

}  // namespace ttmesh::modules
