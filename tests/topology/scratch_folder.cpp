#include "tests/topology/scratch_folder.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace ttmesh::mesh {

ScratchFolder::ScratchFolder() {
  const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
  path_ = std::filesystem::path(testing::TempDir()) /
          ("topology_" + std::string(test->name()) + "_" + std::to_string(getpid()));
  std::filesystem::create_directories(path_);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ScratchFolder::write(const std::string& name, const std::string& text) const {
  const std::filesystem::path path = path_ / "files" / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
  return path.string();
}

}  // namespace ttmesh::mesh
