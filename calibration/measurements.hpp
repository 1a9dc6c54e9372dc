#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ttmesh::calibration {

/// A row of a CSV file, by column name.
using Row = std::map<std::string, std::string>;

/// The rows of a CSV file with a header line; fields may be quoted.
/// Throws std::runtime_error if the file cannot be read or a row has not as many fields as the
/// header.
[[nodiscard]] std::vector<Row> read_csv(const std::filesystem::path& file);

}  // namespace ttmesh::calibration
