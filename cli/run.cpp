#include "cli/run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/hosting.hpp"
#include "cli/output.hpp"
#include "cli/pass_output.hpp"
#include "cli/progress.hpp"
#include "cli/recording.hpp"
#include "cli/run_report.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/dtype.hpp"
#include "modules/mode.hpp"
#include "modules/model_dims.hpp"
#include "modules/open.hpp"
#include "modules/trial/run_trial.hpp"
#include "modules/trial/trials.hpp"
#include "ops/activation.hpp"

namespace ttmesh::cli {
namespace {

/// Sizes of the named model; options take the place of a model.
modules::ModelDims dims_of(const RunArguments& arguments) {
  return arguments.model.empty() ? arguments.dims : modules::find_model(arguments.model);
}

modules::TrialRequest request_of(const RunArguments& arguments) {
  modules::TrialRequest request{
      .module = arguments.module,
      .dims = dims_of(arguments),
      .mode = modules::parse_mode(arguments.mode),
      .batch = arguments.batch,
      .seq = arguments.seq,
      .weight_dtype = arguments.weight_dtype,
      .seed = arguments.machine.seed,
      .pcc = arguments.pcc,
      .threads = arguments.machine.threads,
      .trace = !arguments.machine.trace.empty(),
  };
  request.gate = !arguments.no_gate;
  request.bias = arguments.bias;
  if (!arguments.activation.empty()) {
    request.activation = ops::parse_activation(arguments.activation);
  }
  if (!arguments.activation_dtype.empty()) {
    request.activation_dtype = mesh::parse_dtype(arguments.activation_dtype);
  }
  return request;
}

/// "mlp (gated MLP), .."
std::string module_list() {
  std::vector<std::string> list;
  for (const modules::TrialFamily& family : modules::trial_families()) {
    list.push_back(fmt::format("{} ({})", family.name, family.what));
  }
  return fmt::format("{}", fmt::join(list, ", "));
}

modules::TrialResult run_with_progress(const mesh::MeshDevice& device,
                                       const modules::TrialRequest& request) {
  ProgressDisplay display;
  return modules::run_trial(device, request,
                            [&](const modules::Progress& progress) { display.show(progress); });
}

}  // namespace

int run_module(const RunArguments& arguments) {
  const MachineArguments& machine = arguments.machine;
  require_writable("--json", machine.json);
  require_writable("--trace", machine.trace);
  require_writable("--ops-csv", machine.ops_csv);
  require_writable("--record", machine.record);
  const modules::TrialRequest request = request_of(arguments);
  mesh::OpenOptions options = open_options_of(machine);
  options.mesh_id = arguments.mesh_id;
  mesh::Topology topology = topology_of(machine);
  if (serves(topology, options)) return 0;
  const int hosts = options.hosting ? options.hosting->hosts : 1;
  mesh::MeshDevice device = modules::open(std::move(topology), std::move(options));
  if (!machine.record.empty()) device.record_program();

  const RunSummary summary{.topology = machine.topology,
                           .system = device.topology().system,
                           .mesh_shape = device.shape(),
                           .hosts = hosts,
                           .request = request,
                           .result = run_with_progress(device, request),
                           .links_of = arguments.links ? std::optional(device) : std::nullopt};
  device.close();

  const MeasuredPass pass{.program = summary.result.program,
                          .report = summary.result.report,
                          .machine = device.machine()};
  if (arguments.print_program) print_program(machine, pass);
  write_files(machine, pass);
  if (!machine.record.empty()) {
    write_text(machine.record, recording_text({"run", machine.topology}, device.program(),
                                              {place_of(pass.program, device.program())}));
  }
  if (!machine.json.empty()) write_json(machine.json, to_json(summary));
  if (machine.json != "-") fmt::print("{}", to_text(summary));
  return summary.result.passed ? 0 : 1;
}

void add_run(CLI::App& app, int& exit_code) {
  const auto arguments = std::make_shared<RunArguments>();
  CLI::App* run = app.add_subcommand(
      "run", "Run a module on a mesh: accuracy, virtual time and wall time of one pass");
  run->footer(
      "Weights are N(0, 1) / sqrt(fan_in) and inputs N(0, 1), from --seed. One pass warms up, the\n"
      "next is measured and compared with an unsharded float32 reference.\n\n"
      "Example:\n"
      "  ttmesh run mlp --model llama-3.3-70b -t tg --weight-dtype mixed --trace tg.json");
  run->add_option(
         "module", arguments->module,
         fmt::format("{}. Each is a class for one row or column of chips and one for other "
                     "meshes; _1d or _2d at the end of its name forces one",
                     module_list()))
      ->required()
      ->type_name("MODULE")
      ->check(CLI::IsMember(modules::trial_names()));
  run->add_option("--mesh", arguments->mesh_id,
                  "Mesh to run on, by id [the only one with more than one chip]")
      ->type_name("ID");

  constexpr const char* kModel = "Model";
  CLI::Option* model =
      run->add_option("--model", arguments->model, "Published model whose sizes to take")
          ->type_name("NAME")
          ->group(kModel);
  for (const auto& [name, value, what] :
       {std::tuple("--dim", &arguments->dims.dim, "Width of the model, in place of --model"),
        std::tuple("--hidden-dim", &arguments->dims.hidden_dim,
                   "Width between gate and down projection, in place of --model"),
        std::tuple("--head-dim", &arguments->dims.head_dim,
                   "Width of an attention head, in place of --model"),
        std::tuple("--vocab", &arguments->dims.vocab,
                   "Tokens of the vocabulary, in place of --model")}) {
    run->add_option(name, *value, what)
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 24))
        ->excludes(model)
        ->group(kModel);
  }
  for (const auto& [name, value, what] :
       {std::tuple("--heads", &arguments->dims.heads, "Query heads, in place of --model"),
        std::tuple("--kv-heads", &arguments->dims.kv_heads,
                   "Key heads, and value heads, in place of --model")}) {
    run->add_option(name, *value, what)
        ->type_name("N")
        ->check(CLI::Range(1, 1 << 16))
        ->excludes(model)
        ->group(kModel);
  }
  run->add_option("--mode", arguments->mode,
                  "decode: one token for each user; prefill: a prompt a user")
      ->type_name("decode|prefill")
      ->check(CLI::IsMember({"decode", "prefill"}))
      ->capture_default_str()
      ->group(kModel);
  run->add_option("--batch", arguments->batch, "Users [32 in decode, 1 in prefill]")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 20))
      ->group(kModel);
  run->add_option("--seq", arguments->seq,
                  "Tokens of a prompt, in prefill; where attention stands, in decode")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 24))
      ->capture_default_str()
      ->group(kModel);
  run->add_option("--weight-dtype", arguments->weight_dtype,
                  "Number format of the weights: f32, bf16, bfp8_b, bfp4_b, or mixed: bfp4_b gate "
                  "and up, bfp8_b down. With f32 every intermediate is f32 [the module's own]")
      ->type_name("T")
      ->check(CLI::IsMember({"f32", "bf16", "bfp8_b", "bfp4_b", "mixed"}))
      ->group(kModel);
  run->add_option("--activation-dtype", arguments->activation_dtype,
                  "Number format of activations [the module's own]")
      ->type_name("T")
      ->check(CLI::IsMember({"f32", "bf16", "bfp8_b", "bfp4_b"}))
      ->group(kModel);
  run->add_option(
         "--activation", arguments->activation,
         "Activation of an MLP: silu (with its gate SwiGLU), gelu (GeGLU), gelu_tanh, relu, "
         "relu2, "
         "none [silu]")
      ->type_name("A")
      ->check(CLI::IsMember({"silu", "gelu", "gelu_tanh", "relu", "relu2", "none"}))
      ->group(kModel);
  run->add_flag("--no-gate", arguments->no_gate,
                "MLP of two matrices, w2(activation(w1 x)), in place of the gated one's three")
      ->group(kModel);
  run->add_flag("--bias", arguments->bias,
                "Biases of the products of an MLP, attention or decoder layer")
      ->group(kModel);
  run->add_option("--pcc", arguments->pcc,
                  "Correlation with the reference to reach, else exit 1 [f32 0.99999, bf16 0.999, "
                  "bfp8_b 0.99, mixed 0.98, bfp4_b 0.97]")
      ->type_name("X")
      ->check(CLI::Range(-1.0, 1.0))
      ->group(kModel);

  add_machine_options(*run, arguments->machine);
  add_record_option(*run, arguments->machine);
  run->add_flag("--print-program", arguments->print_program,
                "Print the commands of the pass, one a line")
      ->group("Output");
  run->add_flag("--links", arguments->links, "List every link, and draw how busy they were")
      ->group("Output");
  run->callback([arguments, &exit_code] { exit_code = run_module(*arguments); });
}

}  // namespace ttmesh::cli
