#pragma once

#include <filesystem>
#include <string>

namespace ttmesh::mesh {

/// A folder of its own for the test that runs, gone with the object. It is the only one in the
/// folder above it, so that a search in neighbouring folders meets nothing strange.
class ScratchFolder {
 public:
  ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();

  /// Writes a file, with the folders that lead to it. Returns its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

}  // namespace ttmesh::mesh
