#include "tests/topology/shared_files.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

namespace ttmesh::mesh {
namespace {

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> result;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, '\t');) result.push_back(cell);
  return result;
}

}  // namespace

std::filesystem::path shared_folder(const std::string& format) {
  return std::filesystem::path(TTMESH_SOURCE_DIR) / ".." / "shared" / "topologies" / format;
}

std::vector<Row> shared_facts(const std::string& format) {
  std::ifstream in(shared_folder(format) / "facts.tsv");
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> heading = cells(line);
  std::vector<Row> rows;
  while (std::getline(in, line)) {
    const std::vector<std::string> values = cells(line);
    Row row;
    for (std::size_t i = 0; i < std::min(heading.size(), values.size()); ++i) {
      row[heading[i]] = values[i];
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::filesystem::path> project_topologies() {
  std::vector<std::filesystem::path> paths;
  const std::filesystem::path folder = std::filesystem::path(TTMESH_SOURCE_DIR) / "topologies";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace ttmesh::mesh
