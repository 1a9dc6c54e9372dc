#pragma once

#include <string>
#include <vector>

namespace ttmesh::cli {

/// One line of a CSV file (RFC 4180), newline included: a field with a comma, a quote or a line
/// break is quoted.
[[nodiscard]] std::string csv_line(const std::vector<std::string>& fields);

}  // namespace ttmesh::cli
