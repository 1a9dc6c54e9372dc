#include "tests/scratch_folder.hpp"

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

namespace ttmesh {

namespace fs = std::filesystem;

namespace {

/// Some tests have sockets in it, whose paths are short.
fs::path above_folder() {
  constexpr std::size_t kLongest = 64;
  const fs::path wanted = fs::temp_directory_path();
  return wanted.native().size() <= kLongest ? wanted : "/tmp";
}

}  // namespace

ScratchFolder::ScratchFolder() {
  std::string name = above_folder() / "ttmesh.XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  above_ = name;
  folder_ = above_ / "files";
  fs::create_directory(folder_, above_);  // Of this user alone, as Unix sockets need it.
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(above_, ignored);
}

std::string ScratchFolder::write(const std::string& name, const std::string& content) const {
  const fs::path file = folder_ / name;
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << content;
  return file;
}

std::string ScratchFolder::read(const std::string& name) const {
  std::ifstream file(folder_ / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace ttmesh
