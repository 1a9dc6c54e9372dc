#pragma once

// The C interface alone; included by the sources of mpi_* and by mpi_frames.hpp.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

namespace ttmesh::mesh {

/// Throws std::runtime_error with MPI's own words if `code`, which `call` has returned, is none of
/// success.
void require_success(int code, const char* call);

}  // namespace ttmesh::mesh
