// Memory that a chip takes when it has nothing to do, and how long a large machine takes to open.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdint>
#include <string>

#include "mesh/device/mesh_device.hpp"
#include "modules/open.hpp"

namespace ttmesh {
namespace {

std::size_t heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

mesh::MeshDevice open_ring(std::int64_t chips) {
  return modules::open("galaxy:1x" + std::to_string(chips) + ":ring",
                       {.threads = 1, .timing_only = true, .mesh_id = {}, .settings = {}});
}

/// Bytes on the heap of an open ring of `chips`, links and all.
double bytes_of(std::int64_t chips) {
  const std::size_t before = heap_bytes();
  mesh::MeshDevice device = open_ring(chips);
  device.synchronize();
  return static_cast<double>(heap_bytes()) - static_cast<double>(before);
}

void open_and_close(benchmark::State& state) {
  const std::int64_t chips = state.range(0);
  for (auto _ : state) {
    mesh::MeshDevice device = open_ring(chips);
    device.close();
  }
  // The difference between two sizes leaves out what does not depend on the number of chips.
  state.counters["bytes_per_chip"] =
      (bytes_of(2 * chips) - bytes_of(chips)) / static_cast<double>(chips);
}
BENCHMARK(open_and_close)
    ->ArgName("chips")
    ->Arg(1024)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ttmesh
