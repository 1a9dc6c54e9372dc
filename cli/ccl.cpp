#include "cli/ccl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "ccl/wiring.hpp"
#include "cli/byte_size.hpp"
#include "cli/ccl_measure.hpp"
#include "cli/ccl_report.hpp"
#include "cli/collectives.hpp"
#include "cli/ops_csv.hpp"
#include "cli/output.hpp"
#include "mesh/topology/line.hpp"
#include "modules/open.hpp"

namespace ttmesh::cli {
namespace {

constexpr const char* kUsualSize = "32M";

CclSizes sizes_of(const CclArguments& arguments) {
  CclSizes sizes{.first = parse_byte_size("-b", arguments.min_bytes),
                 .last = parse_byte_size("-e", kUsualSize),
                 .step = parse_byte_size("-i", arguments.step_bytes),
                 .factor = arguments.factor.value_or(1)};
  sizes.last = arguments.max_bytes.empty() ? std::max(sizes.first, sizes.last)
                                           : parse_byte_size("-e", arguments.max_bytes);
  if (sizes.last < sizes.first) {
    throw std::invalid_argument(fmt::format(
        "[-e] the largest size {} is below the smallest {}; needs -b SMALLEST -e LARGEST",
        arguments.max_bytes, arguments.min_bytes));
  }
  return sizes;
}

mesh::DataType dtype_of(const std::string& text) {
  if (text == "float") return mesh::DataType::Float32;
  if (text == "bfloat16") return mesh::DataType::Bfloat16;
  return mesh::parse_dtype(text);
}

/// Whether every line along an axis is a closed one.
bool is_closed(const mesh::MeshDevice& device, int axis) {
  const mesh::Topology& topology = device.topology();
  const std::vector<mesh::ChipId> chips = chips_of(topology, device.view());
  return std::all_of(chips.begin(), chips.end(), [&](mesh::ChipId chip) {
    return line_through(topology, device.view(), axis, chip).closed;
  });
}

CclGroups groups_of(const mesh::MeshDevice& device, const CclArguments& arguments) {
  const mesh::MeshShape shape = device.shape();
  if (arguments.cluster_axis) return {shape, arguments.cluster_axis};
  if (shape.rows > 1 && shape.cols > 1) return {shape, std::nullopt};
  return {shape, shape.rows > 1 ? 0 : 1};
}

/// Throws unless every option that was given is one of the collective's, and the chips exist.
void check_options(const Collective& collective, const CclArguments& arguments) {
  const auto refuse = [&](const char* option, bool given, bool taken) {
    if (!given || taken) return;
    throw std::invalid_argument(
        fmt::format("[{}] {} has no such option; drop it", option, collective.name));
  };
  const bool has_ends = collective.extra == CclExtra::Ends;
  refuse("--root", arguments.root.has_value(), collective.extra == CclExtra::Root);
  refuse("--from", arguments.from.has_value(), has_ends);
  refuse("--to", arguments.to.has_value(), has_ends);
  refuse("--cluster-axis", arguments.cluster_axis.has_value(), !has_ends);
  refuse("--topology", !arguments.topology.empty(), !has_ends);
  refuse("--algorithm", arguments.algorithm.has_value(), collective.choice != nullptr);
}

int index_below(const char* option, int index, int count) {
  if (index >= 0 && index < count) return index;
  throw std::invalid_argument(
      fmt::format("[{}] there is no chip {}, needs one from 0 to {}", option, index, count - 1));
}

/// How the chips of the groups are joined, and in words.
struct Plan {
  CclCall call;
  std::string wiring;
};

std::string count_of(int count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string text_of(const CclGroups& groups) {
  std::string text = count_of(groups.size(), "chip");
  if (groups.count() > 1) text = fmt::format("{} groups of {}", groups.count(), text);
  return text + (groups.cluster_axis ? fmt::format(" along cluster_axis {}", *groups.cluster_axis)
                                     : fmt::format(" of a {} mesh", to_string(groups.mesh)));
}

Plan plan_of(const mesh::MeshDevice& device, const CclArguments& arguments) {
  const CclGroups groups = groups_of(device, arguments);
  Plan plan{.call = {.groups = groups,
                     .num_links = arguments.num_links,
                     .algorithm = arguments.algorithm,
                     .root = index_below("--root", arguments.root.value_or(0), groups.size())},
            .wiring = text_of(groups)};
  if (groups.size() == 1) return plan;

  std::vector<int> axes;
  for (const int axis : {0, 1}) {
    const bool is_used = axis == groups.cluster_axis.value_or(axis);
    if (is_used && device.shape().extent(axis) > 1) axes.push_back(axis);
  }
  const bool closed =
      std::all_of(axes.begin(), axes.end(), [&](int axis) { return is_closed(device, axis); });
  const bool ring = arguments.topology.empty() ? closed : arguments.topology == "ring";
  plan.call.topology = ring ? ccl::Topology::Ring : ccl::Topology::Linear;
  const std::string why = !arguments.topology.empty() ? ""
                          : closed                    ? " (the line is closed)"
                                                      : " (the line is open)";
  plan.wiring += fmt::format(", {}{}", ring ? "ring" : "linear", why);
  int links = std::numeric_limits<int>::max();
  for (const int axis : axes) {
    // Some collectives take a mesh as a ring that is closed along one axis only.
    const ccl::Topology topology = axes.size() > 1 ? ccl::Topology::Linear : plan.call.topology;
    const ccl::Wiring wiring =
        ccl::resolve_wiring("ccl", device, {axis, arguments.num_links, topology});
    links = std::min(links, wiring.num_links);
    if (!wiring.note.empty()) plan.wiring += fmt::format(" ({})", wiring.note);
  }
  plan.wiring += ", " + count_of(links, "link");
  return plan;
}

/// Between two chips of the mesh, wherever they are.
Plan plan_of_ends(const mesh::MeshDevice& device, const CclArguments& arguments) {
  const mesh::MeshShape shape = device.shape();
  const int from = index_below("--from", arguments.from.value_or(0), shape.size());
  const int to = index_below("--to", arguments.to.value_or(1), shape.size());
  return {
      .call = {.groups = groups_of(device, arguments),
               .num_links = arguments.num_links,
               .algorithm = {},
               .from = from,
               .to = to},
      .wiring = fmt::format("from chip {} to chip {} of a {} mesh", from, to, to_string(shape))};
}

CclHeading heading_of(const mesh::MeshDevice& device, const CclArguments& arguments) {
  const MachineArguments& machine = arguments.machine;
  const Collective& collective = find_collective(arguments.collective);
  const Plan plan = collective.extra == CclExtra::Ends ? plan_of_ends(device, arguments)
                                                       : plan_of(device, arguments);
  return {.arguments = arguments.words,
          .topology = machine.topology,
          .system = device.topology().system,
          .wiring = plan.wiring,
          .sizes = sizes_of(arguments),
          .request = {.collective = &collective,
                      .call = plan.call,
                      .dtype = dtype_of(arguments.dtype),
                      .seed = machine.seed,
                      .iterations = arguments.iterations,
                      .warm_ups = arguments.warm_ups,
                      .check = arguments.check != 0,
                      .trace = !machine.trace.empty()},
          .timing_only = device.timing_only()};
}

/// Moves a recording's trace behind what was recorded before it, on one clock.
void append(sim::Trace& trace, sim::Trace more, sim::Time offset) {
  trace.tracks = std::move(more.tracks);
  for (sim::Slice& slice : more.slices) {
    slice.start += offset;
    slice.end += offset;
    trace.slices.push_back(std::move(slice));
  }
  for (sim::Arrow& arrow : more.arrows) {
    arrow.sent += offset;
    arrow.received += offset;
    trace.arrows.push_back(arrow);
  }
}

}  // namespace

int run_ccl(const CclArguments& arguments) {
  const MachineArguments& machine = arguments.machine;
  require_writable("--json", machine.json);
  require_writable("--trace", machine.trace);
  require_writable("--ops-csv", machine.ops_csv);
  (void)sizes_of(arguments);  // Mistakes are told before the machine is built.
  check_options(find_collective(arguments.collective), arguments);
  mesh::OpenOptions options = open_options_of(machine);
  options.mesh_id = arguments.mesh_id;
  const std::string start_time = local_time();
  mesh::MeshDevice device = modules::open(topology_of(machine), std::move(options));
  const CclHeading heading = heading_of(device, arguments);

  const bool prints = machine.json != "-";
  const auto print = [&](const std::string& text) {
    if (!prints) return;
    fmt::print("{}", text);
    std::fflush(stdout);
  };
  if (!machine.ops_csv.empty()) device.record_program();
  print(table_head(heading));
  std::vector<CclResult> results;
  std::string last_algorithm;
  sim::Trace trace;
  OpsLog log;
  for (const std::int64_t size : heading.sizes.list()) {
    CclResult result = measure(device, heading.request, size);
    const std::string algorithm = algorithm_line(result);
    if (algorithm != std::exchange(last_algorithm, algorithm)) print(algorithm);
    print(table_row(heading, result));
    if (heading.request.trace) {
      const sim::Time first = results.empty() ? result.report.begin : results.front().report.begin;
      append(trace, std::exchange(result.report.trace, {}), result.report.begin - first);
    }
    if (!machine.ops_csv.empty()) {
      const std::vector<mesh::ChipUse>& uses = result.report.uses;
      if (results.empty()) log.begin = result.report.begin;
      if (!uses.empty()) log.resumptions.push_back(uses.front().use.command);
      log.uses.insert(log.uses.end(), uses.begin(), uses.end());
    }
    results.push_back(std::move(result));
    if (prints && !machine.json.empty()) {
      write_json(machine.json, to_json(heading, results, start_time));
    }
  }
  device.close();
  print(table_foot(heading, results));
  if (heading.request.trace) {
    sim::sort(trace);
    write_trace(machine.trace, trace);
  }
  if (!machine.ops_csv.empty()) {
    log.commands = device.program();
    write_text(machine.ops_csv, ops_csv(log, device.machine(), *modules::op_table()));
  }
  if (!prints) write_json(machine.json, to_json(heading, results, start_time));
  return wrong_in_all(results) == 0 ? 0 : 1;
}

void add_ccl(CLI::App& app, const std::vector<std::string>& words, int& exit_code) {
  const auto arguments = std::make_shared<CclArguments>();
  arguments->words = words;
  CLI::App* command = app.add_subcommand(
      "ccl", "Time a collective at a range of sizes, with the flags and the table of nccl-tests");
  command->footer(
      "Row-major buffers are split by elements; sizes are of the whole buffer and take K, M, G.\n\n"
      "Example:\n"
      "  ttmesh ccl all_reduce -t t3k:1x8:ring -b 4K -e 64M -f 4");
  std::vector<std::string> names;
  for (const Collective& each : collectives()) names.emplace_back(each.name);
  command->add_option("collective", arguments->collective, "What to time")
      ->required()
      ->type_name("COLLECTIVE")
      ->check(CLI::IsMember(names));
  command
      ->add_option("--mesh", arguments->mesh_id,
                   "Mesh to run on, by id [the only one with more than one chip]")
      ->type_name("ID");

  constexpr const char* kChips = "Chips and links";
  command
      ->add_option("--cluster-axis", arguments->cluster_axis,
                   "0: the chips of a column together, 1: the chips of a row [all chips]")
      ->type_name("0|1")
      ->check(CLI::Range(0, 1))
      ->group(kChips);
  command
      ->add_option("--topology", arguments->topology,
                   "ring or linear [a ring where the lines are closed]")
      ->type_name("T")
      ->check(CLI::IsMember({"ring", "linear"}))
      ->group(kChips);
  command
      ->add_option("--num-links", arguments->num_links,
                   "Links side by side between neighbours [the system's usable ones]")
      ->type_name("K")
      ->check(CLI::Range(1, 1024))
      ->group(kChips);

  command
      ->add_option("--algorithm", arguments->algorithm,
                   "An algorithm by name, or fastest: the one with the shortest predicted time "
                   "[what tt-metal runs]; an unknown one lists them")
      ->type_name("NAME")
      ->group(kChips);
  const auto chip = [&](const char* name, std::optional<int>& value, const char* what) {
    command->add_option(name, value, what)->type_name("CHIP")->group(kChips);
  };
  chip("--root", arguments->root, "broadcast: place in its group of the chip that sends [0]");
  chip("--from", arguments->from, "point_to_point: chip of the mesh that sends [0]");
  chip("--to", arguments->to, "... and the chip that receives [1]");

  constexpr const char* kSizes = "Sizes and iterations";
  const auto size = [&](const char* flags, std::string& value, const char* what) {
    command->add_option(flags, value, what)->type_name("SIZE")->group(kSizes);
  };
  size("-b,--minbytes", arguments->min_bytes, "Smallest size [32M]");
  size("-e,--maxbytes", arguments->max_bytes, "Largest size [32M, or the smallest if above]");
  size("-i,--stepbytes", arguments->step_bytes, "Added from size to size [1M]");
  command
      ->add_option("-f,--stepfactor", arguments->factor,
                   "Multiplied from size to size, in place of -i [1: -i is added]")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 20))
      ->group(kSizes);
  command
      ->add_option("-n,--iters", arguments->iterations, "Measured together, one behind the other")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str()
      ->group(kSizes);
  command->add_option("-w,--warmup_iters", arguments->warm_ups, "Before them, not measured")
      ->type_name("N")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str()
      ->group(kSizes);
  command
      ->add_option("-c,--check", arguments->check,
                   "1: compare the values on every chip with the definition; 0: do not")
      ->type_name("0|1")
      ->check(CLI::Range(0, 1))
      ->capture_default_str()
      ->group(kSizes);
  command
      ->add_option("-d,--datatype", arguments->dtype,
                   "Number format: f32 (float) or bf16 (bfloat16)")
      ->type_name("T")
      ->check(CLI::IsMember({"f32", "bf16", "float", "bfloat16"}))
      ->capture_default_str()
      ->group(kSizes);
  add_machine_options(*command, arguments->machine);
  command->callback([arguments, &exit_code] { exit_code = run_ccl(*arguments); });
}

}  // namespace ttmesh::cli
