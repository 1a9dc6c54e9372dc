#pragma once

#include <filesystem>
#include <optional>

namespace ttmesh::calibration::test {

/// The folder of published measurements, or nothing if it is not on this machine: they are not part
/// of the project.
[[nodiscard]] std::optional<std::filesystem::path> published_folder();

}  // namespace ttmesh::calibration::test
