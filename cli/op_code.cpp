#include "cli/op_code.hpp"

#include <array>
#include <cctype>
#include <string_view>
#include <utility>

#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::cli {
namespace {

// Names in tt-metal that are not ours in another spelling.
constexpr std::array kOpNames{
    std::pair{"add", "BinaryNg"},
    std::pair{"concat", "Concat"},
    std::pair{"fast_reduce_nc", "FastReduceNC"},
    std::pair{"linear", "Matmul"},
    std::pair{"mul", "BinaryNg"},
    std::pair{"reshape", "ReshapeView"},
};

bool is_sharded(const mesh::TensorSpec& spec) {
  return spec.memory.layout != mesh::MemoryLayout::Interleaved;
}

/// What to_memory_config is to the hardware depends on where the tensor comes from and goes to.
std::string_view move_name(const mesh::Command& command) {
  const bool from = is_sharded(command.input_specs.front());
  const bool to = is_sharded(command.output_specs.front());
  if (from && to) return "Reshard";
  return from ? "ShardedToInterleaved" : to ? "InterleavedToSharded" : "Copy";
}

/// "AllGather" from "all_gather".
std::string camel_case(std::string_view name) {
  std::string text;
  bool starts_word = true;
  for (const char c : name) {
    if (c == '_') {
      starts_word = true;
      continue;
    }
    text += starts_word ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    starts_word = false;
  }
  return text;
}

}  // namespace

std::string op_code(const mesh::Command& command) {
  std::string name = camel_case(command.op);
  if (command.op == "to_memory_config") name = move_name(command);
  for (const auto& [ours, theirs] : kOpNames) {
    if (command.op == ours) name = theirs;
  }
  return name + "DeviceOperation";
}

}  // namespace ttmesh::cli
