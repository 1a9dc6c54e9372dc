#include "calibration/measurements.hpp"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace ttmesh::calibration {
namespace {

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return fields;
}

template <typename Number>
Number parsed(const Row& row, const std::string& column) {
  const std::string& field = text(row, column);
  Number value{};
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error == std::errc() && end == field.data() + field.size()) return value;
  throw std::runtime_error(
      fmt::format("[number] column {} holds '{}', a number is needed", column, field));
}

}  // namespace

std::vector<Row> read_csv(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::string line;
  if (!std::getline(stream, line)) {
    throw std::runtime_error(fmt::format(
        "[read_csv] {} cannot be read; a CSV file with a header line is needed", file.string()));
  }
  const std::vector<std::string> columns = split(line);
  std::vector<Row> rows;
  for (int number = 2; std::getline(stream, line); ++number) {
    const std::vector<std::string> fields = split(line);
    if (fields.size() != columns.size()) {
      throw std::runtime_error(fmt::format("[read_csv] {}:{} has {} fields, the header has {}",
                                           file.string(), number, fields.size(), columns.size()));
    }
    Row row;
    for (std::size_t i = 0; i < columns.size(); ++i) row[columns[i]] = fields[i];
    rows.push_back(std::move(row));
  }
  return rows;
}

const std::string& text(const Row& row, const std::string& column) {
  const auto found = row.find(column);
  if (found != row.end()) return found->second;
  throw std::runtime_error(fmt::format("[text] there is no column {}, which is needed", column));
}

double number(const Row& row, const std::string& column) { return parsed<double>(row, column); }

std::int64_t whole_number(const Row& row, const std::string& column) {
  return parsed<std::int64_t>(row, column);
}

}  // namespace ttmesh::calibration
