#include "mesh/topology/mesh_shape.hpp"

#include <charconv>
#include <stdexcept>
#include <string>

namespace ttmesh::mesh {
namespace {

constexpr int kMaxExtent = 4096;

/// Reads a whole decimal number from 1 to kMaxExtent; 0 if `text` is none.
int parse_extent(const char* begin, const char* end) {
  int extent = 0;
  const auto [stop, error] = std::from_chars(begin, end, extent);
  const bool whole = error == std::errc() && stop == end;
  return whole && extent >= 1 && extent <= kMaxExtent ? extent : 0;
}

}  // namespace

std::string to_string(MeshShape shape) {
  return std::to_string(shape.rows) + "x" + std::to_string(shape.cols);
}

MeshShape parse_mesh_shape(const std::string& text) {
  const std::size_t cross = text.find('x');
  if (cross != std::string::npos) {
    const char* begin = text.data();
    const MeshShape shape{parse_extent(begin, begin + cross),
                          parse_extent(begin + cross + 1, begin + text.size())};
    if (shape.rows > 0 && shape.cols > 0) return shape;
  }
  throw std::invalid_argument("[parse_mesh_shape] '" + text +
                              "' is no mesh shape; it must be ROWSxCOLS with extents from 1 to " +
                              std::to_string(kMaxExtent) + ", such as 4x8");
}

}  // namespace ttmesh::mesh
