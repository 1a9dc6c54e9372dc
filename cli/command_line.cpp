#include "cli/command_line.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <utility>

#include "cli/ccl.hpp"
#include "cli/ending.hpp"
#include "cli/generate.hpp"
#include "cli/host.hpp"
#include "cli/hosting.hpp"
#include "cli/launch.hpp"
#include "cli/op.hpp"
#include "cli/ranks.hpp"
#include "cli/replay.hpp"
#include "cli/run.hpp"
#include "cli/sweep.hpp"
#include "cli/topo.hpp"
#include "mesh/topology/error.hpp"

namespace ttmesh::cli {
namespace {

constexpr int kCheckFailed = 1;
constexpr int kUsage = 2;
constexpr int kWorldFailed = 3;

constexpr const char* kFooter = R"(Examples:
  ttmesh topo show tg
      draw a 4x8 Galaxy and count its chips and links
  ttmesh run mlp --model llama-3.1-8b -t t3k:1x8:ring --weight-dtype bfp8_b
      a module on a mesh: accuracy against float32, virtual time by op and by link
  ttmesh generate --model llama-3.3-70b -t tg --batch 32 --timing-only
      a whole model: time to first token and tokens a second of each user
  ttmesh op matmul -t n150 --m 2048 --k 2048 --n 2048 --fidelity hifi4
      one op on one chip: virtual time and what bounds it
  ttmesh ccl all_reduce -t t3k:1x8:ring -b 4K -e 64M -f 4
      a collective at a range of sizes: simulated time and bandwidth, values checked
  ttmesh replay mlp.jsonl -t t3k:1x8:ring
      the commands that --record has written, as they are or edited: virtual time
  ttmesh sweep --over link.latency=+0us,+2us --plot x.svg -- ccl all_reduce -t t3k:1x8:ring
      a command at every combination of values, as a table, CSV and a plot

TOPOLOGY is a file (see topologies/) or SYSTEM[:ROWSxCOLS[:line|ring]], as in tg, t3k:1x8:ring.
Exit codes: 0 ok, 1 a check failed, 2 wrong usage, 3 the emulated world failed.)";

int fail(int exit_code, const std::string& what) {
  report_error(what);
  return exit_code;
}

/// The help that fits a mistake: that of the subcommand that was being parsed.
std::string help_command(const CLI::App& app) {
  std::string command = "ttmesh";
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    command += " " + at->get_name();
  }
  return command + " --help";
}

/// CLI11 takes arguments last one first.
std::vector<std::string> reversed(std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

/// Says which words no option takes; CLI11's own message has them last one first.
std::string unexpected(const CLI::App& app) {
  const std::vector<std::string> words = app.remaining(true);
  const std::string hint = app.got_subcommand("launch") || app.got_subcommand("sweep")
                               ? "; the command to run follows after --"
                               : "";
  return fmt::format("The following argument{} not expected: {}{} (see {})",
                     words.size() == 1 ? " was" : "s were", fmt::join(words, " "), hint,
                     help_command(app));
}

int parse_and_run(const CommandLine& line) {
  CLI::App app("ttmesh emulates Tenstorrent multi-chip meshes: values and virtual time in one run.",
               "ttmesh");
  app.set_version_flag("--version", "ttmesh " TTMESH_VERSION, "Print the version and exit");
  app.require_subcommand(1);
  int exit_code = 0;
  add_topo(app, exit_code);
  add_run(app, exit_code);
  add_generate(app, exit_code);
  add_ccl(app, line.own, exit_code);
  add_op(app, exit_code);
  add_replay(app, exit_code);
  add_sweep(app, line.passed_on, exit_code);
  add_launch(app, line.passed_on, exit_code);
  add_host(app, exit_code);
  app.footer(kFooter);  // After the subcommands, which would inherit it.
  if (line.own.empty()) {
    fmt::print(stderr, "{}", app.help());
    return kUsage;
  }
  try {
    app.parse(reversed(line.own));
  } catch (const CLI::Success& request) {  // Help or version.
    return app.exit(request);
  } catch (const CLI::ExtrasError&) {
    return fail(kUsage, unexpected(app));
  } catch (const CLI::ParseError& error) {
    return fail(kUsage, fmt::format("{} (see {})", error.what(), help_command(app)));
  }
  return exit_code;
}

/// This process's place among those that mpirun or the like has started.
std::optional<RankPlace> own_place() {
  if (std::getenv(kRankVariable) != nullptr) return std::nullopt;  // ttmesh launch gave it another.
  return rank_place();
}

/// Whether a rank has a part in the command. Ranks above 0 have none in what rank 0 does alone, and
/// leave stdout to it in any case.
bool takes_part(const CommandLine& line, const RankPlace& place) {
  const std::string command = line.own.empty() ? "" : line.own.front();
  if (command == "launch" || command == "host") {
    throw std::invalid_argument(fmt::format(
        "[{}] {} has started {} processes already, needs one: leave out either {} or {}", command,
        place.launcher, place.ranks, place.launcher, command));
  }
  if (place.rank > 0) dup2(STDERR_FILENO, STDOUT_FILENO);
  if (is_shared_by_ranks(command)) return true;
  forget_ranks();
  return place.rank == 0;
}

void require_as_many(const Launch& asked, const RankPlace& place) {
  if (asked.hosts == place.ranks) return;
  throw std::invalid_argument(
      fmt::format("[--hosts] {}, but {} has started {} processes; leave the option out",
                  asked.hosts, place.launcher, place.ranks));
}

}  // namespace

CommandLine split(const std::vector<std::string>& arguments) {
  const auto separator = std::find(arguments.begin(), arguments.end(), "--");
  CommandLine line{.own = {arguments.begin(), separator},
                   .passed_on = {},
                   .has_separator = separator != arguments.end()};
  if (line.has_separator) line.passed_on.assign(separator + 1, arguments.end());
  return line;
}

int run_command_line(const std::vector<std::string>& arguments) {
  CommandLine line = split(arguments);
  if (line.has_separator &&
      (line.own.empty() || (line.own.front() != "sweep" && line.own.front() != "launch"))) {
    return fail(kUsage, "only sweep takes arguments after --");
  }
  try {
    const std::optional<RankPlace> place = own_place();
    std::optional<Launch> asked = launch_of(line.own);
    if (place) {
      set_speaker(fmt::format("[{}] ", place->rank));
      if (!takes_part(line, *place)) return 0;
      if (asked) {
        require_as_many(*asked, *place);
        line.own = std::move(asked->words);
        asked.reset();
      }
    }
    if (asked) return launch(*asked);
    return parse_and_run(line);
  } catch (const mesh::InvalidFile& error) {
    return fail(kCheckFailed, error.what());
  } catch (const std::invalid_argument& error) {
    return fail(kUsage, error.what());
  } catch (const mesh::Error& error) {
    const bool file = error.code() == mesh::ErrorCode::BadFile;  // Wherever it was found.
    return fail(file ? kCheckFailed : kWorldFailed, error.what());
  } catch (const std::exception& error) {
    return fail(kWorldFailed, error.what());
  }
}

}  // namespace ttmesh::cli
