#include "ccl/op_table.hpp"

#include "ccl/all_gather.hpp"
#include "ccl/reduce_scatter.hpp"

namespace ttmesh::ccl {

void register_collectives(mesh::OpTable& table) {
  table.add("all_gather", all_gather_definition());
  table.add("reduce_scatter", reduce_scatter_definition());
}

}  // namespace ttmesh::ccl
