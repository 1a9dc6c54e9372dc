// MPI_Allreduce of float32 at the sizes of collective_bench: median wall time of one call in
// microseconds, a line for each size. bench/against_mpi.sh runs it and compares.
#include <mpi.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <vector>

namespace {

constexpr int kWarmUps = 20;
constexpr int kRuns = 200;

/// Median time of one all-reduce of `count` floats, microseconds.
double median_microseconds(int count) {
  const std::vector<float> in(static_cast<std::size_t>(count), 0.5F);
  std::vector<float> out(in.size());
  std::vector<double> times;
  for (int run = 0; run < kWarmUps + kRuns; ++run) {
    MPI_Barrier(MPI_COMM_WORLD);
    const double start = MPI_Wtime();
    MPI_Allreduce(in.data(), out.data(), count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    double own = MPI_Wtime() - start;
    double slowest = 0;
    MPI_Reduce(&own, &slowest, 1, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    if (run >= kWarmUps) times.push_back(slowest * 1e6);
  }
  std::nth_element(times.begin(), times.begin() + kRuns / 2, times.end());
  return times[kRuns / 2];
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (const int kibibytes : {4, 1024}) {
    const double time = median_microseconds(kibibytes * 256);
    if (rank == 0) std::printf("%d %d %.1f\n", size, kibibytes, time);
  }
  MPI_Finalize();
  return 0;
}
