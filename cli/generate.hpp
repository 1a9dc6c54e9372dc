#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/machine_arguments.hpp"

namespace ttmesh::cli {

struct GenerateArguments {
  MachineArguments machine;
  std::optional<int> mesh_id;
  std::string model_dir;             ///< HuggingFace directory; empty: `model`.
  std::string model;                 ///< Name of a published model.
  std::optional<int> layers;         ///< Of the model's; all if unset.
  std::string prompt_ids;            ///< "1,2,3;4,5"; empty: random ones.
  std::int64_t prompt_length = 128;  ///< Of random prompts.
  int max_new_tokens = 32;
  std::optional<int> batch;  ///< Users; as many as prompts, or 1, if unset.
  std::string weight_dtype = "bfp8_b";
  std::optional<std::int64_t> prefill_chunk;  ///< Rows; the model's default if unset.
  bool ignore_eos = false;
  bool print_program = false;
};

/// Prompts of users, separated by semicolons. Throws std::invalid_argument.
[[nodiscard]] std::vector<std::vector<std::uint32_t>> parse_prompts(const std::string& text);

/// Continues prompts on a mesh and reports tokens and times. Throws as modules::generate does, and
/// mesh::InvalidFile if the model directory cannot be used.
int generate_tokens(const GenerateArguments& arguments);

/// Adds `generate`. Running it leaves its exit code in `exit_code`.
void add_generate(CLI::App& app, int& exit_code);

}  // namespace ttmesh::cli
