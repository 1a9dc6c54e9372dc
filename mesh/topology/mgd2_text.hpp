#pragma once

#include <google/protobuf/text_format.h>

#include <memory>
#include <string>
#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/topology/input_file.hpp"
#include "mesh/topology/proto/mesh_graph_descriptor.pb.h"

namespace ttmesh::mesh {

/// Where a message stands in its file.
class Mgd2Place {
 public:
  using Tree = google::protobuf::TextFormat::ParseInfoTree;

  Mgd2Place(std::string file, const Tree* tree);

  /// The place of a field of this message, or of one element of a repeated field. A field that the
  /// file does not set is where its message is.
  Mgd2Place at(const char* field, int index = -1) const;

  /// A problem with the field here.
  Problem problem(const std::string& what) const { return {file_, line_, path_, what}; }

 private:
  std::string file_;
  const Tree* tree_;
  const google::protobuf::Descriptor* type_;
  int line_ = 0;
  std::string path_;
};

/// A descriptor and the lines of its fields.
struct Mgd2Document {
  proto::MeshGraphDescriptor descriptor;
  std::unique_ptr<Mgd2Place::Tree> lines;
  std::vector<Problem> warnings;
  Mgd2Place root;
};

/// Throws mesh::InvalidFile at the first thing that is no text form of the descriptor. Unknown
/// fields are skipped with a warning.
[[nodiscard]] Mgd2Document parse_mgd2_text(const InputFile& file);

}  // namespace ttmesh::mesh
