#include "cli/ops_csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "cli/csv.hpp"
#include "cli/op_code.hpp"
#include "mesh/program/builtin_ops.hpp"
#include "mesh/tensor/dtype.hpp"
#include "mesh/tensor/shape.hpp"
#include "sim/chip_model.hpp"

namespace ttmesh::cli {
namespace {

using Fields = std::map<std::string, std::string, std::less<>>;

// tt-metal, tools/tracy/process_ops_logs.py: the columns before and after those of the tensors.
constexpr std::array kColumnsBefore{
    "OP CODE",
    "OP TYPE",
    "GLOBAL CALL COUNT",
    "DEVICE ID",
    "DEVICE ARCH",
    "ATTRIBUTES",
    "MATH FIDELITY",
    "CORE COUNT",
    "AVAILABLE WORKER CORE COUNT",
    "PARALLELIZATION STRATEGY",
    "HOST START TS",
    "HOST END TS",
    "HOST DURATION [ns]",
    "DEVICE FW START CYCLE",
    "DEVICE FW END CYCLE",
    "OP TO OP LATENCY [ns]",
    "OP TO OP LATENCY BR/NRISC START [ns]",
    "DEVICE FW DURATION [ns]",
    "DEVICE KERNEL DURATION [ns]",
    "DEVICE KERNEL DURATION DM START [ns]",
    "DEVICE KERNEL DURATION PER CORE MIN [ns]",
    "DEVICE KERNEL DURATION PER CORE MAX [ns]",
    "DEVICE KERNEL DURATION PER CORE AVG [ns]",
    "DEVICE KERNEL FIRST TO LAST START [ns]",
    "DEVICE BRISC KERNEL DURATION [ns]",
    "DEVICE NCRISC KERNEL DURATION [ns]",
    "DEVICE TRISC0 KERNEL DURATION [ns]",
    "DEVICE TRISC1 KERNEL DURATION [ns]",
    "DEVICE TRISC2 KERNEL DURATION [ns]",
    "DEVICE ERISC KERNEL DURATION [ns]",
    "DEVICE COMPUTE CB WAIT FRONT [ns]",
    "DEVICE COMPUTE CB RESERVE BACK [ns]",
    "DISPATCH TOTAL CQ CMD OP TIME [ns]",
    "DISPATCH GO SEND WAIT TIME [ns]",
};
constexpr std::array kColumnsAfter{
    "METAL TRACE ID",
    "METAL TRACE REPLAY SESSION ID",
    "COMPUTE KERNEL SOURCE",
    "COMPUTE KERNEL HASH",
    "DATA MOVEMENT KERNEL SOURCE",
    "DATA MOVEMENT KERNEL HASH",
    "PROGRAM HASH",
    "PROGRAM CACHE HIT",
    "TENSIX DM 0 MAX KERNEL SIZE [B]",
    "TENSIX DM 1 MAX KERNEL SIZE [B]",
    "TENSIX COMPUTE 0 MAX KERNEL SIZE [B]",
    "TENSIX COMPUTE 1 MAX KERNEL SIZE [B]",
    "TENSIX COMPUTE 2 MAX KERNEL SIZE [B]",
    "ACTIVE ETH DM 0 MAX KERNEL SIZE [B]",
    "ACTIVE ETH DM 1 MAX KERNEL SIZE [B]",
    "IDLE ETH DM 0 MAX KERNEL SIZE [B]",
    "IDLE ETH DM 1 MAX KERNEL SIZE [B]",
    "PM IDEAL [ns]",
    "PM COMPUTE [ns]",
    "PM BANDWIDTH [ns]",
    "PM REQ I BW",
    "PM REQ O BW",
    "PM FPU UTIL (%)",
    "NOC UTIL (%)",
    "MULTICAST NOC UTIL (%)",
    "DRAM BW UTIL (%)",
    "DRAM BW UTIL PER CTRL (%)",
    "ETH BW UTIL (%)",
    "NPE CONG IMPACT (%)",
};

std::string_view type_name(mesh::DataType dtype) {
  switch (dtype) {
    case mesh::DataType::Float32:
      return "FLOAT32";
    case mesh::DataType::Bfloat16:
      return "BFLOAT16";
    case mesh::DataType::Bfp8B:
      return "BFLOAT8_B";
    case mesh::DataType::Bfp4B:
      return "BFLOAT4_B";
    case mesh::DataType::Int32:
      return "INT32";
    case mesh::DataType::UInt32:
      return "UINT32";
    case mesh::DataType::UInt16:
      return "UINT16";
  }
  return "";
}

std::string_view layout_name(mesh::MemoryLayout layout) {
  switch (layout) {
    case mesh::MemoryLayout::Interleaved:
      return "INTERLEAVED";
    case mesh::MemoryLayout::HeightSharded:
      return "HEIGHT_SHARDED";
    case mesh::MemoryLayout::WidthSharded:
      return "WIDTH_SHARDED";
    case mesh::MemoryLayout::BlockSharded:
      return "BLOCK_SHARDED";
  }
  return "";
}

/// The columns of one tensor: "INPUT_0_W_PAD[LOGICAL]" .. "INPUT_0_MEMORY".
std::vector<std::string> tensor_columns(const std::string& tensor) {
  std::vector<std::string> columns;
  for (const char* dim : {"W", "Z", "Y", "X"}) {
    columns.push_back(fmt::format("{}_{}_PAD[LOGICAL]", tensor, dim));
  }
  for (const char* what : {"LAYOUT", "DATATYPE", "MEMORY"}) {
    columns.push_back(fmt::format("{}_{}", tensor, what));
  }
  return columns;
}

void fill_tensor(Fields& fields, const std::string& tensor, const mesh::TensorSpec& spec) {
  constexpr int kDims = 4;
  std::array<std::int64_t, kDims> dims{1, 1, 1, 1};  // W, Z, Y, X; W takes all dims before Z.
  const int rank = spec.shape.rank();
  for (int dim = 0; dim < rank; ++dim) {
    dims[static_cast<std::size_t>(std::max(0, kDims - rank + dim))] *= spec.shape[dim];
  }
  const std::vector<std::string> columns = tensor_columns(tensor);
  for (std::size_t i = 0; i < kDims; ++i) {
    const bool padded = spec.layout == mesh::Layout::Tile && i >= 2;
    const std::int64_t unit = padded ? mesh::kTileExtent : 1;
    fields[columns[i]] = fmt::format("{}[{}]", (dims[i] + unit - 1) / unit * unit, dims[i]);
  }
  fields[columns[4]] = spec.layout == mesh::Layout::Tile ? "TILE" : "ROW_MAJOR";
  fields[columns[5]] = type_name(spec.dtype);
  fields[columns[6]] =
      fmt::format("DEV_0_{}_{}", spec.memory.buffer == mesh::BufferType::L1 ? "L1" : "DRAM",
                  layout_name(spec.memory.layout));
}

/// "{'dim': '3'; 'topology': 'Ring'}"
std::string attributes_text(const mesh::Attributes& attributes) {
  std::string text = "{";
  for (const mesh::Attributes::Entry& entry : attributes.entries()) {
    const std::string pair = to_string(mesh::Attributes{entry});  // "dim=3"
    const std::size_t equals = pair.find('=');
    text += fmt::format("{}'{}': '{}'", text.size() > 1 ? "; " : "", pair.substr(0, equals),
                        pair.substr(equals + 1));
  }
  std::replace(text.begin(), text.end(), ',', ';');
  return text + "}";
}

std::string_view fidelity_name(sim::MathFidelity fidelity) {
  switch (fidelity) {
    case sim::MathFidelity::LoFi:
      return "LoFi";
    case sim::MathFidelity::HiFi2:
      return "HiFi2";
    case sim::MathFidelity::HiFi3:
      return "HiFi3";
    case sim::MathFidelity::HiFi4:
      return "HiFi4";
  }
  return "";
}

std::int64_t cycles(sim::Time time, std::int64_t clock_hz) {
  constexpr std::int64_t kMega = 1'000'000;
  return time.ps() / kMega * (clock_hz / kMega) + time.ps() % kMega * (clock_hz / kMega) / kMega;
}

/// Makes the rows of a log.
class OpsTable {
 public:
  OpsTable(const OpsLog& log, const mesh::Machine& machine, const mesh::OpTable& ops)
      : log_(log), machine_(machine), ops_(ops) {
    std::size_t inputs = 1;  // Readers look at the first input and output whatever the ops.
    std::size_t outputs = 1;
    for (const mesh::CommandPtr& command : log.commands) {
      commands_.emplace(command->number, command.get());
      inputs = std::max(inputs, command->input_specs.size());
      outputs = std::max(outputs, command->output_specs.size());
    }
    columns_.assign(kColumnsBefore.begin(), kColumnsBefore.end());
    append_tensors("INPUT", std::max<std::size_t>(inputs, 2));
    append_tensors("OUTPUT", outputs);
    columns_.insert(columns_.end(), kColumnsAfter.begin(), kColumnsAfter.end());
  }

  std::string text() {
    std::string text = csv_line(columns_);
    for (const mesh::ChipUse& use : log_.uses) {
      const auto command = commands_.find(use.use.command);
      if (command == commands_.end()) continue;
      const Fields fields = row(*command->second, use);
      std::vector<std::string> line;
      for (const std::string& column : columns_) {
        const auto field = fields.find(column);
        line.push_back(field == fields.end() ? "" : field->second);
      }
      text += csv_line(line);
    }
    return text;
  }

 private:
  void append_tensors(const char* kind, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      for (std::string& column : tensor_columns(fmt::format("{}_{}", kind, i))) {
        columns_.push_back(std::move(column));
      }
    }
  }

  Fields row(const mesh::Command& command, const mesh::ChipUse& chip_use) {
    const auto& [chip, use] = chip_use;
    Fields fields{{"OP CODE", op_code(command)},
                  {"OP TYPE", "tt_dnn_device"},
                  {"GLOBAL CALL COUNT", std::to_string(command.number)},
                  {"DEVICE ID", std::to_string(chip)},
                  {"DEVICE ARCH", std::string(name(machine_.chip.arch))},
                  {"ATTRIBUTES", attributes_text(command.attributes)},
                  {"AVAILABLE WORKER CORE COUNT", std::to_string(machine_.chip.cores())}};
    const sim::Time dispatched = command.dispatched - log_.begin;
    fields["HOST START TS"] = std::to_string(dispatched.ns());
    fields["HOST END TS"] = std::to_string((dispatched + machine_.host.dispatch).ns());
    fields["HOST DURATION [ns]"] = std::to_string(machine_.host.dispatch.ns());

    const sim::Time gap = fill_work(fields, command, chip);
    const sim::Time start = std::min(use.start + gap, use.end) - log_.begin;
    const sim::Time end = use.end - log_.begin;
    fields["DEVICE FW START CYCLE"] = std::to_string(cycles(start, machine_.chip.clock_hz));
    fields["DEVICE FW END CYCLE"] = std::to_string(cycles(end, machine_.chip.clock_hz));
    fields["DEVICE FW DURATION [ns]"] = std::to_string((end - start).ns());
    fields["DEVICE KERNEL DURATION [ns]"] = std::to_string((end - start).ns());
    const auto& resumptions = log_.resumptions;
    const bool resumes =
        std::find(resumptions.begin(), resumptions.end(), use.command) != resumptions.end();
    const auto before = last_end_.find(chip);
    const bool follows = before != last_end_.end() && !resumes;
    const sim::Time idle = follows ? start - before->second : sim::Time();
    fields["OP TO OP LATENCY [ns]"] = std::to_string(idle.ns());
    last_end_[chip] = end;

    for (std::size_t i = 0; i < command.input_specs.size(); ++i) {
      fill_tensor(fields, fmt::format("INPUT_{}", i), command.input_specs[i]);
    }
    for (std::size_t i = 0; i < command.output_specs.size(); ++i) {
      fill_tensor(fields, fmt::format("OUTPUT_{}", i), command.output_specs[i]);
    }
    return fields;
  }

  /// Fidelity and cores of a compute op; returns the part of its time before its kernels start.
  sim::Time fill_work(Fields& fields, const mesh::Command& command, mesh::ChipId chip) const {
    const mesh::OpDefinition& definition = ops_.at(command.op);
    if (!definition.cost) return {};
    const sim::ChipModel& model = machine_.chip;
    std::int64_t cores = model.cores();
    const sim::Work work =
        definition.cost({command.attributes, command.input_specs, command.output_specs});
    if (const auto* matmul = std::get_if<sim::MatmulWork>(&work)) {
      const sim::CoreGrid grid = matmul->grid.value_or(model.grid);
      cores = std::int64_t{grid.x} * grid.y;
      fields["MATH FIDELITY"] = fidelity_name(matmul->fidelity);
    } else if (const auto* stream = std::get_if<sim::StreamWork>(&work)) {
      if (stream->tiles > 0) cores = std::min(cores, stream->tiles);
    }
    fields["CORE COUNT"] = std::to_string(cores);
    return sim::scale(model.launch, machine_.slowdown[static_cast<std::size_t>(chip)]);
  }

  const OpsLog& log_;
  const mesh::Machine& machine_;
  const mesh::OpTable& ops_;
  std::map<std::uint64_t, const mesh::Command*> commands_;
  std::vector<std::string> columns_;
  std::map<mesh::ChipId, sim::Time> last_end_;
};

}  // namespace

std::string ops_csv(const OpsLog& log, const mesh::Machine& machine, const mesh::OpTable& ops) {
  mesh::OpTable all = ops;
  mesh::add_builtin_ops(all);
  return OpsTable(log, machine, all).text();
}

}  // namespace ttmesh::cli
