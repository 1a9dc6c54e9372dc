#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "cli/machine_arguments.hpp"
#include "mesh/topology/topology.hpp"
#include "sim/chip_model.hpp"
#include "sim/time.hpp"
#include "sim/trace.hpp"
#include "sim/work.hpp"

namespace ttmesh::cli {

struct OpArguments {
  MachineArguments machine;
  std::int64_t m = 0;
  std::int64_t k = 0;
  std::int64_t n = 0;
  std::string dtype = "bf16";
  std::string weight_dtype;  ///< Empty: that of `dtype`.
  std::string fidelity = "hifi2";
  std::string grid;        ///< "XxY"; empty: the chip's own.
  std::string in0_memory;  ///< "l1", "dram"; empty: the faster one that fits.
  std::string out_memory;
};

/// What one op costs on one chip.
struct OpResult {
  std::string op;
  sim::Time time;  ///< How long it keeps the chip's queue busy.
  double tflops = 0;
  sim::Bound bound = sim::Bound::Launch;
  sim::BufferType in0_memory = sim::BufferType::Dram;
  sim::BufferType out_memory = sim::BufferType::Dram;
  sim::Trace trace;
  std::string ops_table;    ///< As CSV, if asked for.
  std::string recording{};  ///< Of its command, likewise.
};

/// Runs a matmul [m, k] x [k, n] on one chip of `topology`, in virtual time alone: no values are
/// made. The weight lies in DRAM. Throws std::invalid_argument on misuse, mesh::Error if the
/// operands fit no memory that was allowed.
[[nodiscard]] OpResult run_matmul(const OpArguments& arguments, const mesh::Topology& topology);

/// `op, virtual_ns, tflops, bound`
[[nodiscard]] nlohmann::ordered_json to_json(const OpResult& result);

/// Adds `op` with its subcommands. Running one leaves its exit code in `exit_code`.
void add_op(CLI::App& app, int& exit_code);

}  // namespace ttmesh::cli
