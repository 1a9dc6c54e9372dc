#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "cli/ccl_buffers.hpp"
#include "cli/collectives.hpp"
#include "cli/recording.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/program/report.hpp"
#include "mesh/tensor/dtype.hpp"
#include "sim/time.hpp"

namespace ttmesh::cli {

/// What is measured at every size.
struct CclRequest {
  const Collective* collective;
  CclCall call;
  mesh::DataType dtype = mesh::DataType::Float32;
  std::uint64_t seed = 0;
  int iterations = 20;
  int warm_ups = 1;
  bool check = true;  ///< Compare every chip's values with what the definition says.
  bool trace = false;
};

/// One row of the table. Times are of all iterations together, each on its own clock.
struct CclResult {
  std::int64_t bytes;  ///< As nccl-tests counts them for the collective.
  std::int64_t count;  ///< Elements, likewise.
  int chips;           ///< Of one group.
  int iterations;
  sim::Time virtual_time;  ///< From the first dispatch to the last chip's end.
  std::chrono::nanoseconds wall_time{};
  double bus_factor = 1;
  std::optional<std::int64_t> wrong;  ///< Elements that differ; none if they were not checked.
  std::optional<ccl::Choice> choice;  ///< Which algorithm ran, if there was a choice.
  mesh::Report report;
  MeasuredCommands commands{};  ///< Of the iterations, where the device keeps its program.

  double time_us() const;  ///< Of one iteration, simulated.
  double wall_us() const;  ///< Of one iteration, on this machine.
  double algorithm_gb_per_s() const;
  double bus_gb_per_s() const;
};

/// Measures one size, in bytes of the format: as many whole elements as they hold, or tiles of a
/// block float, and at least one. A buffer of parts is rounded up to whole ones for every chip.
/// Throws as the collective does, and mesh::Error if it does not fit the chips' memory.
[[nodiscard]] CclResult measure(mesh::MeshDevice device, const CclRequest& request,
                                std::int64_t bytes);

}  // namespace ttmesh::cli
