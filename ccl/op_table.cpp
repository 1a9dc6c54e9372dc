#include "ccl/op_table.hpp"

#include "ccl/all_gather.hpp"
#include "ccl/all_to_all.hpp"
#include "ccl/all_to_all_combine.hpp"
#include "ccl/all_to_all_dispatch.hpp"
#include "ccl/barrier.hpp"
#include "ccl/broadcast.hpp"
#include "ccl/point_to_point.hpp"
#include "ccl/reduce_scatter.hpp"

namespace ttmesh::ccl {

void register_collectives(mesh::OpTable& table) {
  table.add("all_gather", all_gather_definition());
  table.add("all_to_all", all_to_all_definition());
  table.add("all_to_all_combine", all_to_all_combine_definition());
  table.add("all_to_all_dispatch", all_to_all_dispatch_definition());
  table.add("barrier", barrier_definition());
  table.add("broadcast", broadcast_definition());
  table.add("point_to_point", point_to_point_definition());
  table.add("reduce_scatter", reduce_scatter_definition());
}

}  // namespace ttmesh::ccl
