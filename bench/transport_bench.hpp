#pragma once

namespace ttmesh::mesh {

/// Adds the rows of the transports that this process can measure: MPI needs mpirun -n 2.
void register_transport_rows();

/// Meets the other rank if that has not been done, so that it can end.
void release_other_rank();

}  // namespace ttmesh::mesh
