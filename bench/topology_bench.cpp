// Loading the files of large machines, from disk to a checked topology.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "mesh/topology/load.hpp"
#include "mesh/topology/machine_mapping.hpp"
#include "mesh/topology/physical_machine.hpp"
#include "mesh/topology/topology.hpp"
#include "mesh/topology/ttmesh_yaml.hpp"

namespace ttmesh::mesh {
namespace {

/// A torus of Blackhole Galaxies with four channels between neighbours.
Topology torus(int rows, int cols) {
  Topology topology;
  topology.system = "bh_galaxy";
  topology.arch = sim::Arch::Blackhole;
  topology.meshes = {{.name = "M0",
                      .shape = {rows, cols},
                      .dim_types = {DimType::Ring, DimType::Ring},
                      .channels = 4}};
  topology.set_edges(neighbour_edges(topology.meshes[0]));
  return topology;
}

/// What tt-umd would write of these chips.
std::string cluster_text(const Topology& topology) {
  std::string arch = "arch:\n";
  std::string mmio = "chips_with_mmio:\n";
  std::string harvesting = "harvesting:\n";
  for (ChipId chip = 0; chip < topology.chip_count(); ++chip) {
    const std::string id = std::to_string(chip);
    arch += "  " + id + ": blackhole\n";
    mmio += "  - " + id + ": " + id + "\n";
    harvesting += "  " + id + ":\n    noc_translation: true\n    harvest_mask: 64\n";
  }
  std::string links = "ethernet_connections:\n";
  std::vector<int> channel(static_cast<std::size_t>(topology.chip_count()), 0);
  const auto end = [&channel](ChipId chip) {
    return "    - chip: " + std::to_string(chip) +
           "\n      chan: " + std::to_string(channel[static_cast<std::size_t>(chip)]++) + "\n";
  };
  for (const Edge& edge : topology.edges) {
    for (int i = 0; i < edge.channels; ++i) links += "  -\n" + end(edge.a) + end(edge.b);
  }
  return arch + "chips: {}\n" + links + mmio + harvesting;
}

std::string mgd2_text(const Topology& topology) {
  const MeshShape shape = topology.meshes[0].shape;
  return "mesh_descriptors { name: 'M0' arch: BLACKHOLE device_topology { dims: [" +
         std::to_string(shape.rows) + ", " + std::to_string(shape.cols) +
         "] dim_types: [RING, RING] } host_topology { dims: [1, 1] } channels { count: 4 } }\n"
         "top_level_instance { mesh { mesh_descriptor: 'M0' } }\n";
}

/// A file for as long as a benchmark runs.
class File {
 public:
  File(const std::string& name, const std::string& text)
      : path_(std::filesystem::temp_directory_path() / ("ttmesh_bench_" + name)) {
    std::ofstream(path_) << text;
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { std::filesystem::remove(path_); }

  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

void load(benchmark::State& state, const File& file) {
  for (auto _ : state) benchmark::DoNotOptimize(load_topology(file.path()));
  state.SetLabel(std::to_string(std::filesystem::file_size(file.path()) / 1'000) + " kB");
}

void load_cluster_descriptor(benchmark::State& state) {
  const Topology topology =
      torus(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  load(state, File("cluster.yaml", cluster_text(topology)));
}

void load_mesh_graph_descriptor(benchmark::State& state) {
  const Topology topology =
      torus(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  load(state, File("mgd.textproto", mgd2_text(topology)));
}

void load_own_format(benchmark::State& state) {
  const Topology topology =
      torus(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  load(state, File("own.yaml", ttmesh_yaml(topology)));
}

/// The search alone.
void map_descriptor_onto_machine(benchmark::State& state) {
  const Topology topology =
      torus(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  const File cluster("machine.yaml", cluster_text(topology));
  const File descriptor("mapped.textproto", mgd2_text(topology));
  const PhysicalMachine machine = load_machine({cluster.path()});
  const ParsedTopology parsed = parse_topology(descriptor.path());
  for (auto _ : state) benchmark::DoNotOptimize(map_onto_machine(parsed, machine));
}

// A pod of 64x8 chips, and the 36 Galaxies of a supercluster.
BENCHMARK(load_cluster_descriptor)->Args({64, 8})->Args({36, 32})->Unit(benchmark::kMillisecond);
BENCHMARK(load_mesh_graph_descriptor)->Args({64, 8})->Args({36, 32})->Unit(benchmark::kMillisecond);
BENCHMARK(load_own_format)->Args({64, 8})->Args({36, 32})->Unit(benchmark::kMillisecond);
BENCHMARK(map_descriptor_onto_machine)
    ->Args({64, 8})
    ->Args({36, 32})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ttmesh::mesh
