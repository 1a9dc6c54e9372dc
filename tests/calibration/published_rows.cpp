#include "tests/calibration/published_rows.hpp"

namespace ttmesh::calibration::test {

std::optional<std::filesystem::path> published_folder() {
  const std::filesystem::path folder =
      std::filesystem::path(TTMESH_SOURCE_DIR).parent_path() / "shared/reference/calibration";
  if (!std::filesystem::is_directory(folder)) return std::nullopt;
  return folder;
}

}  // namespace ttmesh::calibration::test
