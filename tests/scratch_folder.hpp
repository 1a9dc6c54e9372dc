#pragma once

#include <filesystem>
#include <string>

namespace ttmesh {

/// A folder for a test's files, deleted with all that is in it. It has no neighbours, so that a
/// search in the folders beside it meets nothing strange.
class ScratchFolder {
 public:
  ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();

  const std::filesystem::path& path() const { return folder_; }
  std::string path(const std::string& name) const { return folder_ / name; }

  /// Writes a file, with the folders that lead to it. Returns its path.
  std::string write(const std::string& name, const std::string& content) const;
  std::string read(const std::string& name) const;

 private:
  std::filesystem::path above_;
  std::filesystem::path folder_;
};

}  // namespace ttmesh
