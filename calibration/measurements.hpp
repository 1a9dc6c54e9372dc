#pragma once

#include <cstdint>
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

/// A field of a row, as text and as a number.
/// Throw std::runtime_error naming the column if it is missing or holds no number.
[[nodiscard]] const std::string& text(const Row& row, const std::string& column);
[[nodiscard]] double number(const Row& row, const std::string& column);
[[nodiscard]] std::int64_t whole_number(const Row& row, const std::string& column);

}  // namespace ttmesh::calibration
