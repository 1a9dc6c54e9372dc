#include "cli/generate.hpp"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

#include "cli/generate_report.hpp"
#include "cli/hosting.hpp"
#include "cli/output.hpp"
#include "cli/pass_output.hpp"
#include "cli/progress.hpp"
#include "cli/recording.hpp"
#include "modules/model/generate.hpp"
#include "modules/model/model_config.hpp"
#include "modules/model/model_precision.hpp"
#include "modules/model/model_source.hpp"
#include "modules/model/prefill_chunk.hpp"
#include "modules/open.hpp"

namespace ttmesh::cli {
namespace {

std::uint32_t parse_token(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  std::uint32_t token = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), token);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    throw std::invalid_argument(
        fmt::format("[generate] --prompt-ids has '{}', needs numbers separated by commas, and "
                    "semicolons between users: 1,2,3;4,5",
                    text));
  }
  return token;
}

// Calls take(part) for each part of the text between separators.
template <typename Take>
void split(std::string_view text, char separator, const Take& take) {
  while (true) {
    const std::size_t end = text.find(separator);
    take(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

modules::ModelSource source_of(const GenerateArguments& arguments) {
  if (arguments.model_dir.empty() == arguments.model.empty()) {
    throw std::invalid_argument(
        "[generate] needs one of --model-dir DIR and --model NAME: which model to run");
  }
  modules::ModelSource source =
      arguments.model.empty() ? modules::model_in(arguments.model_dir)
                              : modules::published_model(arguments.model, arguments.machine.seed);
  if (arguments.layers) {
    source.spec = source.spec.with_layers(*arguments.layers);
    source.weights.layers.erase(source.weights.layers.begin() + *arguments.layers,
                                source.weights.layers.end());
  }
  return source;
}

// A prompt for each user; the one that is given is for all users of the batch.
modules::GenerateRequest request_of(const GenerateArguments& arguments,
                                    const modules::ModelSource& source) {
  const modules::ModelSpec& spec = source.spec;
  modules::GenerateRequest request{
      .prompts = {},
      .max_new_tokens = arguments.max_new_tokens,
      .stop_tokens = arguments.ignore_eos ? std::vector<std::uint32_t>{} : source.stop_tokens,
      .trace = !arguments.machine.trace.empty(),
      .program = arguments.print_program || !arguments.machine.ops_csv.empty() ||
                 !arguments.machine.record.empty()};
  if (arguments.prompt_ids.empty()) {
    request.prompts = modules::random_prompts({.users = arguments.batch.value_or(1),
                                               .length = arguments.prompt_length,
                                               .vocab = spec->vocab,
                                               .seed = arguments.machine.seed});
  } else {
    request.prompts = parse_prompts(arguments.prompt_ids);
    const auto batch = static_cast<std::size_t>(
        arguments.batch.value_or(static_cast<int>(request.prompts.size())));
    if (request.prompts.size() == 1) request.prompts.resize(batch, request.prompts.front());
    if (request.prompts.size() != batch) {
      throw std::invalid_argument(
          fmt::format("[generate] --prompt-ids has {} prompts, needs one for all or one for each "
                      "of --batch {}",
                      request.prompts.size(), batch));
    }
  }
  modules::require_prompts(spec, request);
  return request;
}

modules::GenerateResult generate_with_progress(modules::Model& model,
                                               const modules::GenerateRequest& request) {
  ProgressDisplay display;
  return modules::generate(model, request,
                           [&](const modules::Progress& progress) { display.show(progress); });
}

}  // namespace

std::vector<std::vector<std::uint32_t>> parse_prompts(const std::string& text) {
  std::vector<std::vector<std::uint32_t>> prompts;
  split(text, ';', [&](std::string_view prompt) {
    prompts.emplace_back();
    split(prompt, ',',
          [&](std::string_view token) { prompts.back().push_back(parse_token(token)); });
  });
  return prompts;
}

int generate_tokens(const GenerateArguments& arguments) {
  const MachineArguments& machine = arguments.machine;
  require_writable("--json", machine.json);
  require_writable("--trace", machine.trace);
  require_writable("--ops-csv", machine.ops_csv);
  require_writable("--record", machine.record);
  mesh::OpenOptions options = open_options_of(machine);
  options.mesh_id = arguments.mesh_id;
  mesh::Topology topology = topology_of(machine);
  if (serves(topology, options)) return 0;
  const modules::ModelPrecision precision = modules::parse_model_precision(arguments.weight_dtype);
  modules::ModelSource source = source_of(arguments);
  const modules::GenerateRequest request = request_of(arguments, source);
  const int hosts = options.hosting ? options.hosting->hosts : 1;
  mesh::MeshDevice device = modules::open(std::move(topology), std::move(options));
  if (!machine.record.empty()) device.record_program();
  const std::int64_t chunk = arguments.prefill_chunk.value_or(
      modules::default_prefill_chunk(source.spec, device.shape().size()));
  const auto model = modules::ModelFactory::from_spec(
      source.spec, device,
      {.weights = std::move(source.weights),
       .precision = precision,
       .max_batch_size =
           modules::padded_batch(device.shape(), static_cast<int>(request.prompts.size())),
       .max_seq_len = modules::cache_length(request, chunk),
       .prefill_chunk = chunk});
  const GenerateSummary summary{.spec = source.spec,
                                .topology = machine.topology,
                                .mesh_shape = device.shape(),
                                .hosts = hosts,
                                .dtype = precision.name,
                                .request = request,
                                .result = generate_with_progress(*model, request)};
  device.close();

  const MeasuredPass pass{.program = summary.result.program,
                          .report = summary.result.report,
                          .machine = device.machine()};
  if (arguments.print_program) print_program(machine, pass);
  write_files(machine, pass);
  if (!machine.record.empty()) {
    write_text(machine.record, recording_text({"generate", machine.topology}, device.program(),
                                              {place_of(pass.program, device.program())}));
  }
  if (!machine.json.empty()) write_json(machine.json, to_json(summary));
  if (machine.json != "-") fmt::print("{}", to_text(summary));
  return 0;
}

void add_generate(CLI::App& app, int& exit_code) {
  const auto arguments = std::make_shared<GenerateArguments>();
  CLI::App* generate = app.add_subcommand(
      "generate", "Continue prompts with a model on a mesh: tokens, time to first token, rate");
  generate->footer(
      "Tokens are the likeliest ones, until the model's eos token. Every user is at its own\n"
      "position, and a batch that the mesh cannot divide is filled up with idle users.\n\n"
      "Examples:\n"
      "  ttmesh generate --model-dir Llama-3.2-1B -t t3k:1x8:ring --prompt-ids 128000,9906\n"
      "  ttmesh generate --model llama-3.3-70b -t tg --batch 32 --timing-only");
  constexpr const char* kModel = "Model";
  CLI::Option* directory =
      generate
          ->add_option("--model-dir", arguments->model_dir,
                       "HuggingFace directory: config.json and safetensors of a Llama, Mistral, "
                       "Qwen2, Qwen3 or Arcee")
          ->type_name("DIR")
          ->group(kModel);
  generate
      ->add_option("--model", arguments->model,
                   "Published model by name, with random weights from --seed")
      ->type_name("NAME")
      ->excludes(directory)
      ->group(kModel);
  generate->add_option("--layers", arguments->layers, "Take the first N layers alone [all]")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 12))
      ->group(kModel);
  generate
      ->add_option("--weight-dtype", arguments->weight_dtype,
                   "Number format of the weights: f32, bf16, bfp8_b, bfp4_b, or mixed: bfp4_b gate "
                   "and up, bfp8_b the rest. With f32 everything is f32")
      ->type_name("T")
      ->check(CLI::IsMember({"f32", "bf16", "bfp8_b", "bfp4_b", "mixed"}))
      ->capture_default_str()
      ->group(kModel);
  constexpr const char* kPrompts = "Prompts";
  CLI::Option* ids =
      generate
          ->add_option("--prompt-ids", arguments->prompt_ids,
                       "Token ids: 1,2,3; of several users: '1,2,3;4,5'. One prompt serves a whole "
                       "--batch [random ones]")
          ->type_name("IDS")
          ->group(kPrompts);
  generate->add_option("--prompt-length", arguments->prompt_length, "Tokens of each random prompt")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 20))
      ->capture_default_str()
      ->excludes(ids)
      ->group(kPrompts);
  generate
      ->add_option("--max-new-tokens", arguments->max_new_tokens,
                   "Tokens to make for each user, at most")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str()
      ->group(kPrompts);
  generate
      ->add_flag("--ignore-eos", arguments->ignore_eos,
                 "Go on after the tokens that end a text, to --max-new-tokens")
      ->group(kPrompts);
  generate
      ->add_option("--prefill-chunk", arguments->prefill_chunk,
                   "Rows of a prompt that are prefilled at once, a power of two from 128 on; a "
                   "longer one takes a paged cache [TTTv2's by model and chips; 4096]")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{128}, std::int64_t{1} << 20))
      ->group(kPrompts);
  generate->add_option("--batch", arguments->batch, "Users [one a prompt]")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 12))
      ->group(kPrompts);
  generate
      ->add_option("--mesh", arguments->mesh_id,
                   "Mesh to run on, by id [the only one with more than one chip]")
      ->type_name("ID");
  add_machine_options(*generate, arguments->machine);
  add_record_option(*generate, arguments->machine);
  generate
      ->add_flag("--print-program", arguments->print_program,
                 "Print the commands of the run, one a line")
      ->group("Output");
  generate->callback([arguments, &exit_code] { exit_code = generate_tokens(*arguments); });
}

}  // namespace ttmesh::cli
