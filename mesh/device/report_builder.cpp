#include "mesh/device/report_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace ttmesh::mesh {
namespace {

/// A command's time is that of the chip whose queue it kept busy longest.
std::vector<OpTotal> op_totals(const Report& report) {
  std::vector<OpTotal> totals;
  for (auto use = report.uses.begin(); use != report.uses.end();) {
    const std::uint64_t command = use->use.command;
    sim::Time longest;
    for (; use != report.uses.end() && use->use.command == command; ++use) {
      longest = std::max(longest, use->use.end - use->use.start);
    }
    const std::string& op = name_of(report, command).op;
    auto total = std::find_if(totals.begin(), totals.end(),
                              [&](const OpTotal& each) { return each.op == op; });
    if (total == totals.end()) total = totals.insert(total, {.op = op, .calls = 0, .time = {}});
    ++total->calls;
    total->time += longest;
  }
  return totals;
}

/// Chip queues, then both directions of every channel, as Machine numbers them.
std::vector<sim::Track> tracks(const Machine& machine) {
  const Topology& topology = machine.topology;
  std::vector<sim::Track> tracks;
  for (const MeshDescription& mesh : topology.meshes) {
    for (ChipId chip = mesh.first_chip; mesh.owns(chip); ++chip) {
      const auto [row, col] = mesh.coordinate(chip);
      tracks.push_back(
          {mesh.id, Machine::queue_track(chip), fmt::format("chip {} ({},{})", chip, row, col)});
    }
  }
  for (std::size_t edge = 0; edge < topology.edges.size(); ++edge) {
    const auto& [a, b, channels, kind, axis] = topology.edges[edge];
    for (int channel = 0; channel < channels; ++channel) {
      for (const bool from_lower : {true, false}) {
        tracks.push_back({topology.mesh_of(a).id,
                          machine.link_track(static_cast<int>(edge), channel, from_lower),
                          fmt::format("link {}>{} #{}", from_lower ? a : b, from_lower ? b : a,
                                      machine.channel(static_cast<int>(edge), channel).number)});
      }
    }
  }
  return tracks;
}

void append(sim::Trace& trace, ChipReport& chip, sim::Time begin) {
  for (sim::Slice& slice : chip.slices) {
    slice.start = slice.start - begin;
    slice.end = slice.end - begin;
    trace.slices.push_back(std::move(slice));
  }
  for (sim::Arrow& arrow : chip.arrows) {
    arrow.sent = arrow.sent - begin;
    arrow.received = arrow.received - begin;
    trace.arrows.push_back(arrow);
  }
}

}  // namespace

Report build_report(std::vector<ChipReport> chips, std::vector<CommandName> commands,
                    const Machine& machine, sim::Time begin) {
  Report report{.begin = begin,
                .end = begin,
                .ops = {},
                .commands = std::move(commands),
                .uses = {},
                .links = {},
                .trace = {}};
  for (ChipReport& chip : chips) {
    for (const OpUse& use : chip.ops) {
      report.end = std::max(report.end, use.end);
      report.uses.push_back({chip.chip, use});
    }
    chip.ops = {};
    report.links.insert(report.links.end(), chip.links.begin(), chip.links.end());
    append(report.trace, chip, begin);
  }
  std::sort(report.uses.begin(), report.uses.end(), [](const ChipUse& a, const ChipUse& b) {
    return std::tie(a.use.command, a.chip) < std::tie(b.use.command, b.chip);
  });
  report.ops = op_totals(report);
  std::sort(report.links.begin(), report.links.end(), [](const LinkUse& a, const LinkUse& b) {
    return std::tie(a.from, a.to, a.channel) < std::tie(b.from, b.to, b.channel);
  });
  if (!report.trace.slices.empty()) {
    report.trace.tracks = tracks(machine);
    sim::sort(report.trace);
  }
  return report;
}

}  // namespace ttmesh::mesh
