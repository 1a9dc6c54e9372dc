#include "mesh/topology/input_file.hpp"

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "mesh/topology/error.hpp"

namespace ttmesh::mesh {

InputFile read_input_file(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    throw InvalidFile({{path, 0, "", "is a directory; a file is needed"}});
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) throw InvalidFile({{path, 0, "", "Failed to open file: " + path}});
  std::string text(kMaxFileBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxFileBytes) {
    throw InvalidFile(
        {{path, 0, "", "exceeds " + std::to_string(kMaxFileBytes >> 20) + " MiB, the limit"}});
  }
  return {path, std::move(text)};
}

}  // namespace ttmesh::mesh
