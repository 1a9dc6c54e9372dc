#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ttmesh::mesh {

/// A row of a table with a heading, by column.
using Row = std::map<std::string, std::string>;

/// Folder of real descriptors of one format, which are kept beside the project.
[[nodiscard]] std::filesystem::path shared_folder(const std::string& format);

/// Rows of the `facts.tsv` of such a folder; none if the folder is absent.
[[nodiscard]] std::vector<Row> shared_facts(const std::string& format);

/// The YAML files of the project's own folder of topologies.
[[nodiscard]] std::vector<std::filesystem::path> project_topologies();

/// Contents of a file.
[[nodiscard]] std::string read_text(const std::filesystem::path& path);

}  // namespace ttmesh::mesh
