#include "cli/op.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>
#include <vector>

#include "cli/ops_csv.hpp"
#include "cli/output.hpp"
#include "cli/recording.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/topology/error.hpp"
#include "ops/full.hpp"
#include "ops/matmul.hpp"
#include "ops/op_table.hpp"
#include "sim/quantity.hpp"

namespace ttmesh::cli {
namespace {

using sim::BufferType;

sim::CoreGrid parse_grid(const std::string& text) {
  const std::size_t cross = text.find('x');
  if (cross != std::string::npos) {
    const auto x = sim::parse_count(text.substr(0, cross));
    const auto y = sim::parse_count(text.substr(cross + 1));
    if (x && y && *x > 0 && *y > 0) return {*x, *y};
  }
  throw std::invalid_argument(
      fmt::format("[--grid] '{}' is no core grid, needs columns x rows, as in 8x8", text));
}

/// The memories that an operand may take, given what the user asked for.
std::vector<BufferType> allowed(const std::string& memory) {
  if (memory == "l1") return {BufferType::L1};
  if (memory == "dram") return {BufferType::Dram};
  return {BufferType::L1, BufferType::Dram};
}

mesh::MemoryConfig interleaved(BufferType buffer) {
  return buffer == BufferType::L1 ? mesh::kL1Interleaved : mesh::kDramInterleaved;
}

std::string word(BufferType buffer) { return buffer == BufferType::L1 ? "L1" : "DRAM"; }

/// One matmul with its operands in given memories.
struct Trial {
  const OpArguments& arguments;
  BufferType in0;
  BufferType out;

  OpResult run(mesh::MeshDevice& device, const mesh::OpTable& ops) const {
    const mesh::DataType dtype = mesh::parse_dtype(arguments.dtype);
    const mesh::DataType weight_dtype =
        arguments.weight_dtype.empty() ? dtype : mesh::parse_dtype(arguments.weight_dtype);
    const auto operand = [&](mesh::Shape shape, mesh::DataType type, BufferType buffer) {
      return ops::zeros(device, {.shape = std::move(shape),
                                 .dtype = type,
                                 .layout = mesh::Layout::Tile,
                                 .memory = interleaved(buffer),
                                 .distribution = {}});
    };
    const mesh::Tensor a = operand({1, 1, arguments.m, arguments.k}, dtype, in0);
    const mesh::Tensor b =
        operand({1, 1, arguments.k, arguments.n}, weight_dtype, BufferType::Dram);
    ops::MatmulOptions options{.dtype = dtype,
                               .memory = interleaved(out),
                               .fidelity = sim::parse_fidelity(arguments.fidelity)};
    if (!arguments.grid.empty()) options.grid = parse_grid(arguments.grid);
    device.start_recording(!arguments.machine.trace.empty());
    const mesh::Tensor c = ops::matmul(a, b, options);
    mesh::Report report = device.report();

    const std::vector<mesh::CommandPtr>& program = device.program();
    const mesh::Command& command = *program.back();
    const sim::Work work =
        ops.at(command.op).cost({command.attributes, command.input_specs, command.output_specs});
    const sim::Time time = report.ops.front().time;
    const double operations = 2.0 * static_cast<double>(arguments.m) *
                              static_cast<double>(arguments.k) * static_cast<double>(arguments.n);
    const OpsLog log{
        .commands = {program.back()}, .uses = std::move(report.uses), .begin = report.begin};
    return {.op = command.op,
            .time = time,
            .tflops = operations / static_cast<double>(time.ps()),
            .bound = sim::cost(device.machine().chip, work).bound,
            .in0_memory = in0,
            .out_memory = out,
            .trace = std::move(report.trace),
            .ops_table = arguments.machine.ops_csv.empty() ? std::string()
                                                           : ops_csv(log, device.machine(), ops),
            .recording = arguments.machine.record.empty()
                             ? std::string()
                             : recording_text({"op", arguments.machine.topology}, program,
                                              {{program.size() - 1, program.size()}})};
  }
};

void print(const OpResult& result, const OpArguments& arguments, const std::string& system) {
  fmt::print("{} {} x {} x {} on one chip of {}\n", result.op, arguments.m, arguments.k,
             arguments.n, system);
  fmt::print("  dtypes    {} x {}, {}\n", arguments.dtype,
             arguments.weight_dtype.empty() ? arguments.dtype : arguments.weight_dtype,
             arguments.fidelity);
  fmt::print("  memory    in0 {}, weight DRAM, output {}\n", word(result.in0_memory),
             word(result.out_memory));
  fmt::print("  virtual   {} us\n", sim::microseconds_text(result.time));
  fmt::print("  rate      {:.2f} TFLOP/s, bound by {}\n", result.tflops, sim::name(result.bound));
}

int run_op(const OpArguments& arguments) {
  require_writable("--json", arguments.machine.json);
  require_writable("--trace", arguments.machine.trace);
  require_writable("--ops-csv", arguments.machine.ops_csv);
  require_writable("--record", arguments.machine.record);
  const mesh::Topology topology = topology_of(arguments.machine);
  const OpResult result = run_matmul(arguments, topology);
  if (!arguments.machine.trace.empty()) write_trace(arguments.machine.trace, result.trace);
  if (!arguments.machine.ops_csv.empty()) write_text(arguments.machine.ops_csv, result.ops_table);
  if (!arguments.machine.record.empty()) write_text(arguments.machine.record, result.recording);
  if (!arguments.machine.json.empty()) write_json(arguments.machine.json, to_json(result));
  if (arguments.machine.json != "-") print(result, arguments, topology.system);
  return 0;
}

}  // namespace

OpResult run_matmul(const OpArguments& arguments, const mesh::Topology& topology) {
  auto table = std::make_shared<mesh::OpTable>();
  ops::register_ops(*table);
  mesh::OpenOptions options = open_options_of(arguments.machine);
  options.timing_only = true;
  // Any chip will do: the first of the first mesh.
  const auto mesh = std::find_if(topology.meshes.begin(), topology.meshes.end(),
                                 [](const auto& each) { return !each.is_switch && each.is_grid; });
  if (mesh != topology.meshes.end()) options.mesh_id = mesh->id;
  mesh::MeshDevice device = mesh::open(topology, table, options).submesh({1, 1});
  device.record_program();

  std::optional<OpResult> fastest;
  std::exception_ptr too_large;
  for (const BufferType in0 : allowed(arguments.in0_memory)) {
    for (const BufferType out : allowed(arguments.out_memory)) {
      try {
        OpResult result = Trial{arguments, in0, out}.run(device, *table);
        if (!fastest || result.time < fastest->time) fastest = std::move(result);
      } catch (const mesh::Error& error) {
        if (error.code() != mesh::ErrorCode::OutOfMemory) throw;
        too_large = std::current_exception();
      }
    }
  }
  if (!fastest) std::rethrow_exception(too_large);
  return *std::move(fastest);
}

nlohmann::ordered_json to_json(const OpResult& result) {
  return {{"op", result.op},
          {"virtual_ns", result.time.ns()},
          {"tflops", result.tflops},
          {"bound", sim::name(result.bound)}};
}

void add_op(CLI::App& app, int& exit_code) {
  CLI::App* op = app.add_subcommand("op", "Time one op on one chip");
  op->require_subcommand(1);
  CLI::App* matmul = op->add_subcommand(
      "matmul", "Time a product [m, k] x [k, n]; only virtual time, no values are made");
  matmul->footer(
      "The weight lies in DRAM.\n\n"
      "Example:\n"
      "  ttmesh op matmul -t n150 --m 2048 --k 2048 --n 2048 --dtype bfp8_b --fidelity lofi");
  const auto arguments = std::make_shared<OpArguments>();
  const CLI::IsMember dtypes({"f32", "bf16", "bfp8_b", "bfp4_b"});
  const CLI::IsMember memories({"l1", "dram"});
  const auto size = [&](const char* name, std::int64_t& value, const char* what) {
    matmul->add_option(name, value, what)
        ->required()
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 24));
  };
  size("--m", arguments->m, "Rows of the product");
  size("--k", arguments->k, "Inner extent");
  size("--n", arguments->n, "Columns of the product");
  matmul->add_option("--dtype", arguments->dtype, "Number format of the input and the output")
      ->type_name("T")
      ->check(dtypes)
      ->capture_default_str();
  matmul->add_option("--weight-dtype", arguments->weight_dtype, "... of the weight [--dtype]")
      ->type_name("T")
      ->check(dtypes);
  matmul->add_option("--fidelity", arguments->fidelity, "Passes of the matrix engine")
      ->type_name("F")
      ->check(CLI::IsMember({"lofi", "hifi2", "hifi3", "hifi4"}))
      ->capture_default_str();
  matmul->add_option("--grid", arguments->grid, "Cores to use, columns first [the chip's own grid]")
      ->type_name("XxY");
  matmul
      ->add_option("--in0-memory", arguments->in0_memory,
                   "Where the input lies [the faster one that it fits]")
      ->type_name("M")
      ->check(memories);
  matmul
      ->add_option("--out-memory", arguments->out_memory,
                   "Where the output lies [the faster one that it fits]")
      ->type_name("M")
      ->check(memories);
  add_machine_options(*matmul, arguments->machine);
  add_record_option(*matmul, arguments->machine);
  matmul->callback([arguments, &exit_code] { exit_code = run_op(*arguments); });
}

}  // namespace ttmesh::cli
