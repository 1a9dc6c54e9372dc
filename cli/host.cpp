#include "cli/host.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/ending.hpp"
#include "cli/hosting.hpp"
#include "cli/joining.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/topology/load.hpp"
#include "mesh/transport/recruit.hpp"
#include "modules/open.hpp"
#include "ops/product.hpp"
#include "sim/setting.hpp"

namespace ttmesh::cli {
namespace {

struct HostArguments {
  JoinArguments joining;
  int threads = 0;
};

mesh::Recruit recruit_of(const JoinArguments& joining, const mesh::Identity& identity) {
  const std::chrono::seconds wait(joining.wait_seconds);
  if (!joining.connect.empty()) {
    return mesh::enlist(mesh::parse_address(joining.connect.front()), identity,
                        std::chrono::steady_clock::now() + wait);
  }
  remove_at_end(joining.listen);
  return mesh::await_call(
      {.own = mesh::parse_address(joining.listen),
       .identity = identity,
       .bound = wait,
       .listening = [](const mesh::Address& own) { note("waits for rank 0 at " + to_string(own)); },
       .refused =
           [](const std::string& who, const std::string& why) {
             note(fmt::format("turned {} away: {}", who, why));
           }});
}

int host(const HostArguments& arguments) {
  const JoinArguments& joining = arguments.joining;
  if (joining.listen.empty() == joining.connect.empty()) {
    throw std::invalid_argument("[host] needs either --listen ADDR or --connect ADDR");
  }
  const ops::ValuesPath values = ops::values_path();
  const std::string token = token_of(joining);
  const auto [assignment, own] = recruit_of(
      joining, {.cpu_path = values.processor, .onednn_version = values.library, .token = token});
  remove_at_end(to_string(own));

  const mesh::MachineRecipe& recipe = assignment.recipe;
  mesh::Topology topology = mesh::load_topology(
      mesh::InputFile{.path = "the topology that rank 0 sent", .text = recipe.topology});
  mesh::OpenOptions options{
      .threads = arguments.threads,
      .timing_only = recipe.timing_only,
      .mesh_id = {},
      .settings = {},
      .seed = recipe.seed,
      .hosting = mesh::Hosting{.rank = assignment.rank,
                               .hosts = assignment.hosts,
                               .transport = kind_of(to_string(own)),
                               .rank_0 = joining.connect.empty() ? "" : joining.connect.front(),
                               .own = to_string(own),
                               .token = token,
                               .values = values.processor,
                               .library = values.library,
                               .join_seconds = joining.wait_seconds,
                               .note = note,
                               .lost = end_unless_reported}};
  for (const std::string& text : recipe.settings) {
    options.settings.push_back(sim::parse_setting(text));
  }
  note(fmt::format("is host {} of {}", assignment.rank, assignment.hosts));
  mesh::serve(std::move(topology), modules::op_table(), options);
  return 0;
}

}  // namespace

void add_host(CLI::App& app, int& exit_code) {
  const auto arguments = std::make_shared<HostArguments>();
  CLI::App* command = app.add_subcommand(
      "host",
      "Be one more host of a run: a process, here or elsewhere, that has a part of the mesh");
  command->footer(
      "Rank 0 has the command, and tells the others all that they need: docs/hosts.md. Ends with\n"
      "the run: 0 if that was in order, 3 if a host was lost.\n\n"
      "Examples:\n"
      "  rank 0:     ttmesh run mlp ... -t tg --hosts 2 --listen tcp:10.0.0.1:4000 --token-file F\n"
      "  the other:  ttmesh host --connect tcp:10.0.0.1:4000 --token-file F\n\n"
      "  the other:  ttmesh host --listen tcp:10.0.0.2:4000 --token-file F\n"
      "  rank 0:     ttmesh run mlp ... -t tg --connect tcp:10.0.0.2:4000 --token-file F");
  command
      ->add_option("--listen", arguments->joining.listen,
                   "Wait for rank 0 to call: tcp:HOST:PORT or unix:PATH")
      ->type_name("ADDR");
  command
      ->add_option("--connect", arguments->joining.connect,
                   "Call rank 0, which was started with --listen ADDR")
      ->type_name("ADDR")
      ->expected(1);
  add_token_options(*command, arguments->joining, "Options");
  command
      ->add_option("--threads", arguments->threads,
                   "Threads that run the chips; results do not depend on it; 0: one a processor")
      ->type_name("N")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->callback([arguments, &exit_code] { exit_code = host(*arguments); });
}

}  // namespace ttmesh::cli
