#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mesh/program/machine.hpp"
#include "mesh/program/op_table.hpp"
#include "sim/collective_model.hpp"
#include "sim/time.hpp"

namespace ttmesh::calibration {

/// A collective that was measured: one command of a line of chips on an idle machine.
struct Measurement {
  std::string system;  ///< Preset that the machine is described by.
  std::string op;      ///< "all_gather" or "reduce_scatter"
  bool ring = false;
  int chips = 0;
  std::int64_t bytes = 0;  ///< Of the whole tensor, bfloat16: gathered, or before the scatter.
  double microseconds = 0;

  /// "t3k all_gather ring of 8"
  std::string group() const;
};

/// The sweeps of `folder`/ccl_sweep.csv, and the all-gather over two chips that `overheads.csv`
/// names the fixed cost.
[[nodiscard]] std::vector<Measurement> read_collectives(const std::filesystem::path& folder);

/// Runs measured collectives on the emulated machine: its chips' steps and timelines, without
/// values and without actors. Machines are kept from one run to the next.
class CollectiveRunner {
 public:
  CollectiveRunner();

  /// Virtual time of the command with the preset's parameters, or with others.
  sim::Time run(const Measurement& measurement);
  sim::Time run(const Measurement& measurement, const sim::CollectiveModel& model);

 private:
  mesh::Machine& machine(const Measurement& measurement);

  mesh::OpTable ops_;
  std::map<std::string, std::unique_ptr<mesh::Machine>> machines_;
};

}  // namespace ttmesh::calibration
