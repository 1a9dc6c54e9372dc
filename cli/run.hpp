#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/machine_arguments.hpp"
#include "modules/model_dims.hpp"

namespace ttmesh::cli {

struct RunArguments {
  MachineArguments machine;
  std::string module;  ///< As modules::trial_names lists them.
  std::optional<int> mesh_id;
  std::string model;          ///< Name of a published model; empty: `dims`.
  modules::ModelDims dims{};  ///< 0 where it is not stated.
  std::string mode = "decode";
  std::optional<int> batch;
  std::int64_t seq = 128;        ///< Tokens a user, in prefill.
  std::string weight_dtype;      ///< Empty: the module's own.
  std::string activation_dtype;  ///< Empty: the module's own.
  std::string activation;        ///< Of an MLP; empty: SiLU.
  bool no_gate = false;          ///< Of an MLP: two matrices.
  bool bias = false;             ///< Of an MLP's and attention's products.
  std::optional<double> pcc;     ///< Unset: that of the weights' precision.
  bool print_program = false;
  bool links = false;  ///< List every link and draw a map of them.
};

/// Runs a module once on a mesh and reports accuracy, virtual time and wall time. Returns the exit
/// code: 1 if the accuracy is not reached. Throws as modules::run_trial does.
int run_module(const RunArguments& arguments);

/// Adds `run`. Running it leaves its exit code in `exit_code`.
void add_run(CLI::App& app, int& exit_code);

}  // namespace ttmesh::cli
