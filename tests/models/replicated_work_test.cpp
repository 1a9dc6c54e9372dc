#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "mesh/topology/load.hpp"
#include "modules/model/model.hpp"
#include "modules/open.hpp"

// What all chips of a host would do alike is done by one of them.
namespace ttmesh::modules {
namespace {

/// How often a host has done the work of each op for one of its chips.
struct Counts {
  std::map<std::string, std::atomic<int>> runs;
  std::map<std::string, std::atomic<int>> preparations;
};

std::shared_ptr<const mesh::OpTable> counting_table(Counts& counts) {
  const std::shared_ptr<const mesh::OpTable> ops = op_table();
  auto table = std::make_shared<mesh::OpTable>();
  for (const std::string& name : ops->names()) {
    mesh::OpDefinition definition = ops->at(name);
    std::atomic<int>& runs = counts.runs[name];
    std::atomic<int>& preparations = counts.preparations[name];
    if (definition.run) {
      definition.run = [&runs, run = definition.run](const mesh::OpRun& call) {
        ++runs;
        return run(call);
      };
    }
    if (definition.prepare) {
      definition.prepare = [&preparations, prepare = definition.prepare](const mesh::OpCall& call,
                                                                         const mesh::Shard& first) {
        ++preparations;
        return prepare(call, first);
      };
    }
    table->add(name, std::move(definition));
  }
  return table;
}

bool is_replicated(const mesh::TensorSpec& spec) {
  return std::ranges::all_of(spec.distribution.placements, [](const mesh::Placement& placement) {
    return placement == mesh::replicate();
  });
}

/// How often a command's work differs between the chips of a row, if its inputs do not.
int distinct_positions(const mesh::OpDefinition& definition, const mesh::Command& command,
                       int chips) {
  if (!definition.position_key) return 1;
  const mesh::OpCall call{command.attributes, command.input_specs, command.output_specs};
  std::set<std::uint64_t> keys;
  for (int col = 0; col < chips; ++col) keys.insert(definition.position_key(call, {0, col}));
  return static_cast<int>(keys.size());
}

/// Of llama's kind.
ModelSpec small_spec() {
  std::ifstream in(std::filesystem::path(TTMESH_SOURCE_DIR) / "tests/golden/llama/config.json");
  std::ostringstream text;
  text << in.rdbuf();
  return ModelSpec::from_huggingface("config.json", text.str());
}

class ReplicatedWork : public testing::Test {
 protected:
  /// A step of a small model on eight chips.
  void run_model(const std::string& weights) {
    mesh::OpenOptions options{.threads = 2};
    device = mesh::open(mesh::load_topology("t3k:1x8:ring"), counting_table(counts), options);
    device->record_program();
    const ModelSpec spec = small_spec();
    const auto model = ModelFactory::from_spec(
        spec, *device,
        {.precision = parse_model_precision(weights), .max_batch_size = kUsers, .max_seq_len = 64});
    const mesh::Tensor tokens = model->token_tensor(std::vector<std::uint32_t>(kUsers, 1));
    (void)model->likeliest(
        model->decode_forward(tokens, std::vector<std::int64_t>(kUsers, kPosition)));
    device->synchronize();
  }
  void TearDown() override { device->close(); }

  static constexpr int kUsers = 32;
  static constexpr std::int64_t kPosition = 7;
  static constexpr int kChips = 8;

  Counts counts;
  std::optional<mesh::MeshDevice> device;
};

TEST_F(ReplicatedWork, IsDoneOnceInAStepOfAModel) {
  run_model("bfp8_b");
  std::map<std::string, int> most;
  std::map<std::string, int> shared;
  const std::shared_ptr<const mesh::OpTable> ops = op_table();
  for (const mesh::CommandPtr& command : device->program()) {
    if (command->op == "write" || command->op == "read" || command->op == "free") continue;
    const bool alike =
        !command->inputs.empty() && std::ranges::all_of(command->input_specs, is_replicated);
    most[command->op] +=
        alike ? distinct_positions(ops->at(command->op), *command, kChips) : kChips;
    shared[command->op] += alike ? 1 : 0;
  }
  for (const auto& [op, count] : most) EXPECT_LE(counts.runs.at(op), count) << op;
  int kinds = 0;
  for (const auto& [op, count] : shared) kinds += count > 0 && counts.runs.at(op) > 0 ? 1 : 0;
  EXPECT_GE(kinds, 3);
}

TEST_F(ReplicatedWork, TruncatesReplicatedActivationsOnce) {
  run_model("bf16");
  int most = 0;
  int alike = 0;
  for (const mesh::CommandPtr& command : device->program()) {
    if (command->op != "linear") continue;
    const bool same = is_replicated(command->input_specs.front());
    most += same ? 1 : kChips;
    alike += same ? 1 : 0;
  }
  EXPECT_GE(alike, 3);  // Of attention and the MLP.
  EXPECT_LE(counts.preparations.at("linear"), most);
}

}  // namespace
}  // namespace ttmesh::modules
