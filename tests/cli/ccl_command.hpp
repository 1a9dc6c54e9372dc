#pragma once

#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace ttmesh::cli {

/// `ttmesh ccl` on a ring of four chips at two sizes, with more arguments.
inline std::vector<std::string> small_ccl(const std::string& collective,
                                          const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments{"ccl", collective, "-t", "t3k:1x4:ring", "-b", "4K", "-e",
                                     "16K", "-f",       "4",  "-n",           "2"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

/// Lines of a table of nccl-tests that are no comments.
inline std::vector<std::string> data_rows(const std::string& table) {
  std::vector<std::string> rows;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.front() != '#') rows.push_back(line);
  }
  return rows;
}

inline std::vector<std::string> fields(const std::string& row) {
  std::istringstream words(row);
  return {std::istream_iterator<std::string>(words), {}};
}

}  // namespace ttmesh::cli
