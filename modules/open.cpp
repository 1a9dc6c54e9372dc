#include "modules/open.hpp"

#include <utility>

#include "ccl/op_table.hpp"
#include "mesh/topology/load.hpp"
#include "modules/assemble_weight.hpp"
#include "modules/load_weight.hpp"
#include "ops/op_table.hpp"

namespace ttmesh::modules {

std::shared_ptr<const mesh::OpTable> op_table() {
  auto table = std::make_shared<mesh::OpTable>();
  ops::register_ops(*table);
  ccl::register_collectives(*table);
  table->add("assemble_weight", assemble_weight_definition());
  table->add("load_weight", load_weight_definition());
  return table;
}

mesh::MeshDevice open(const std::string& topology, mesh::OpenOptions options) {
  return open(mesh::load_topology(topology), std::move(options));
}

mesh::MeshDevice open(mesh::Topology topology, mesh::OpenOptions options) {
  return mesh::open(std::move(topology), op_table(), std::move(options));
}

}  // namespace ttmesh::modules
