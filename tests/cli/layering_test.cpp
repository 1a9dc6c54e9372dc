#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace ttmesh {
namespace {

namespace fs = std::filesystem;

/// Folders from the bottom up: each may include itself and what is before it.
constexpr std::array<std::string_view, 11> kLayers{
    "sim/",         "mesh/topology/", "mesh/tensor/", "mesh/program/", "mesh/transport/",
    "mesh/actors/", "mesh/device/",   "ops/",         "ccl/",          "modules/",
    "cli/"};

/// A package's headers, and the only folders that may include them.
struct Package {
  std::string_view header;  ///< How the header's name begins.
  std::vector<std::string_view> folders;
};

const std::vector<Package>& packages() {
  static const std::vector<Package> kAll{
      {"caf/", {"mesh/actors/"}},
      {"asio", {"mesh/transport/"}},
      {"mpi.h", {"mesh/transport/"}},
      {"msgpack", {"mesh/program/", "mesh/transport/"}},
      {"yaml.h", {"mesh/topology/"}},
      {"google/protobuf/", {"mesh/topology/"}},
      {"hwy/", {"mesh/tensor/", "ops/"}},
      {"dnnl", {"ops/"}},
      {"oneapi/dnnl/", {"ops/"}},
      {"omp.h", {"ops/"}},
      {"CLI/", {"cli/"}},
      {"nlohmann/", {"modules/checkpoint/", "modules/spec/", "cli/"}},
  };
  return kAll;
}

std::optional<std::size_t> layer_of(std::string_view path) {
  for (std::size_t layer = 0; layer < kLayers.size(); ++layer) {
    if (path.starts_with(kLayers[layer])) return layer;
  }
  return std::nullopt;
}

/// What is wrong with a file of the project including a header; empty if nothing is.
std::string violation(const std::string& file, const std::string& header, bool quoted) {
  if (quoted) {
    const auto from = layer_of(file);
    const auto to = layer_of(header);
    if (!from) return file + " is in no layer";
    if (!to) return file + " includes \"" + header + "\", which is in no layer";
    if (*to > *from) return file + " includes \"" + header + "\", which is above it";
    return "";
  }
  for (const Package& package : packages()) {
    if (!header.starts_with(package.header)) continue;
    const bool allowed =
        std::any_of(package.folders.begin(), package.folders.end(),
                    [&file](std::string_view folder) { return file.starts_with(folder); });
    if (!allowed)
      return file + " includes <" + header + ">, which stops at " +
             std::string(package.folders.front());
  }
  return "";
}

struct Include {
  std::string file;  ///< Path from the project's top.
  std::string header;
  bool quoted;
};

std::vector<Include> includes_of(const fs::path& path, const std::string& file) {
  static const std::regex kPattern(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"])re");
  std::vector<Include> includes;
  std::ifstream source(path);
  std::smatch match;
  for (std::string line; std::getline(source, line);) {
    if (std::regex_search(line, match, kPattern)) {
      includes.push_back({file, match[2].str(), match[1].str() == "\""});
    }
  }
  return includes;
}

std::vector<Include> all_includes() {
  const fs::path top(TTMESH_SOURCE_DIR);
  std::vector<Include> includes;
  for (const char* folder : {"sim", "mesh", "ops", "ccl", "modules", "cli"}) {
    for (const auto& entry : fs::recursive_directory_iterator(top / folder)) {
      const auto extension = entry.path().extension();
      if (extension != ".hpp" && extension != ".cpp") continue;
      const auto found = includes_of(entry.path(), fs::relative(entry.path(), top).string());
      includes.insert(includes.end(), found.begin(), found.end());
    }
  }
  return includes;
}

TEST(Layering, PointsDownOnly) {
  const std::vector<Include> includes = all_includes();
  ASSERT_GT(includes.size(), 500u);
  for (const Include& include : includes) {
    EXPECT_EQ(violation(include.file, include.header, include.quoted), "");
  }
}

TEST(Layering, FindsAnIncludeThatPointsUp) {
  EXPECT_THAT(violation("sim/time.cpp", "mesh/topology/topology.hpp", true),
              testing::HasSubstr("above it"));
  EXPECT_THAT(violation("mesh/program/chip.cpp", "mesh/actors/world.hpp", true),
              testing::HasSubstr("above it"));
  EXPECT_THAT(violation("mesh/program/codec.cpp", "mesh/transport/frame.hpp", true),
              testing::HasSubstr("above it"));
  EXPECT_THAT(violation("ops/add.hpp", "ccl/steps.hpp", true), testing::HasSubstr("above it"));
  EXPECT_EQ(violation("ccl/steps.hpp", "mesh/program/step.hpp", true), "");
}

TEST(Layering, FindsAPackageOutsideItsFolder) {
  EXPECT_THAT(violation("ops/add.cpp", "caf/all.hpp", false),
              testing::HasSubstr("stops at mesh/actors/"));
  EXPECT_THAT(violation("mesh/program/codec.cpp", "nlohmann/json.hpp", false),
              testing::HasSubstr("stops at modules/checkpoint/"));
  EXPECT_THAT(violation("mesh/actors/world.cpp", "asio.hpp", false),
              testing::HasSubstr("stops at mesh/transport/"));
  EXPECT_EQ(violation("mesh/actors/world.cpp", "caf/all.hpp", false), "");
  EXPECT_EQ(violation("ops/add.cpp", "vector", false), "");
}

TEST(Layering, KnowsEveryFolderWithSources) {
  for (const Include& include : all_includes()) {
    EXPECT_TRUE(layer_of(include.file)) << include.file << " is in no layer";
  }
}

}  // namespace
}  // namespace ttmesh
