// All benchmarks. Under mpirun -n 2 the first process measures, and the second is its other host.
#include <benchmark/benchmark.h>

#include "bench/link.hpp"
#include "bench/transport_bench.hpp"

int main(int argc, char** argv) {
  const auto rank = ttmesh::mesh::rank_of_two();
  if (rank == 1) {
    ttmesh::mesh::be_the_other_rank();
    return 0;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  ttmesh::mesh::register_transport_rows();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  if (rank) ttmesh::mesh::release_other_rank();
  return 0;
}
