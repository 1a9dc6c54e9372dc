#include "cli/ccl.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "cli/byte_size.hpp"
#include "cli/ccl_dtype.hpp"
#include "cli/ccl_measure.hpp"
#include "cli/ccl_plan.hpp"
#include "cli/ccl_report.hpp"
#include "cli/collectives.hpp"
#include "cli/heat_map.hpp"
#include "cli/hosting.hpp"
#include "cli/link_table.hpp"
#include "cli/ops_csv.hpp"
#include "cli/output.hpp"
#include "cli/recording.hpp"
#include "modules/open.hpp"

namespace ttmesh::cli {
namespace {

/// Links at one size, as comment lines.
std::string links_text(const mesh::MeshDevice& device, const CclResult& result) {
  const mesh::Topology& topology = device.topology();
  const LinkLoad load{result.report.links, result.virtual_time};
  const std::string text = link_table(load, load.links.size()) + "\n" +
                           heat_map(topology, select_mesh(topology, device.view().mesh), load);
  std::string comment = fmt::format("#\n# links at {}, {} iterations\n",
                                    byte_size_text(result.bytes), result.iterations);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) comment += "#" + line + "\n";
  return comment;
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
  require_writable("--record", machine.record);
  check_usage(arguments);
  mesh::OpenOptions options = open_options_of(machine);
  options.mesh_id = arguments.mesh_id;
  const std::string start_time = local_time();
  mesh::Topology topology = topology_of(machine);
  if (serves(topology, options)) return 0;
  const bool has_ends = find_collective(arguments.collective).extra == CclExtra::Ends;
  const int from = arguments.from.value_or(0);
  if (has_ends) options.mesh_id = mesh_of_chip(topology, "--from", from);
  mesh::MeshDevice device = modules::open(std::move(topology), std::move(options));
  if (has_ends) device = chip_device(device, "--from", from);
  const CclHeading heading = heading_of(device, arguments);

  const bool prints = machine.json != "-";
  const auto print = [&](const std::string& text) {
    if (!prints) return;
    fmt::print("{}", text);
    std::fflush(stdout);
  };
  if (!machine.ops_csv.empty() || !machine.record.empty()) device.record_program();
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
  if (arguments.links) print(links_text(device, results.back()));
  if (heading.request.trace) {
    sim::sort(trace);
    write_trace(machine.trace, trace);
  }
  if (!machine.ops_csv.empty()) {
    log.commands = device.program();
    write_text(machine.ops_csv, ops_csv(log, device.machine(), *modules::op_table()));
  }
  if (!machine.record.empty()) {
    std::vector<MeasuredCommands> measured;
    for (const CclResult& result : results) measured.push_back(result.commands);
    write_text(machine.record,
               recording_text({"ccl", machine.topology}, device.program(), measured));
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
      "Row-major buffers are split by elements, those of block floats by tiles; sizes are of the\n"
      "whole buffer in the number format's bytes and take K, M, G.\n\n"
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
  chip("--from", arguments->from, "point_to_point: chip that sends, of any mesh [0]");
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
  command->add_option("-d,--datatype", arguments->dtype, "Number format: " + ccl_dtype_names())
      ->type_name("T")
      ->capture_default_str()
      ->group(kSizes);
  add_machine_options(*command, arguments->machine);
  add_record_option(*command, arguments->machine);
  command
      ->add_flag("--links", arguments->links,
                 "List the links, and draw how busy they were, at the last size")
      ->group("Output");
  command->callback([arguments, &exit_code] { exit_code = run_ccl(*arguments); });
}

}  // namespace ttmesh::cli
