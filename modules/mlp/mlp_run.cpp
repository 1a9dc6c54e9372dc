#include "modules/mlp/mlp_run.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "mesh/device/transfer.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/mlp/mlp_1d.hpp"
#include "modules/mlp/mlp_2d.hpp"
#include "modules/mlp/mlp_reference.hpp"

namespace ttmesh::modules {
namespace {

using Clock = std::chrono::steady_clock;

/// Streams of the seed, one for each random tensor.
enum class Stream : std::uint64_t { Input, Gate, Down, Up };

mesh::RandomKey key_of(const MlpRunRequest& request, Stream stream) {
  return {.seed = request.seed, .stream = static_cast<std::uint64_t>(stream)};
}

struct Workload {
  WeightSource input;
  MlpSources weights;
};

std::int64_t rows_of(const MlpRunRequest& request) {
  if (request.batch && *request.batch < 1) {
    throw std::invalid_argument(
        fmt::format("[run_mlp] batch is {}, needs at least 1", *request.batch));
  }
  if (request.mode == Mode::Decode) return request.batch.value_or(32);
  if (request.seq < 1) {
    throw std::invalid_argument(fmt::format("[run_mlp] seq is {}, needs at least 1", request.seq));
  }
  return request.batch.value_or(1) * request.seq;
}

Workload workload_of(const MlpRunRequest& request) {
  if (request.dim < 1 || request.hidden_dim < 1) {
    throw std::invalid_argument(
        fmt::format("[run_mlp] dim is {} and hidden_dim {}, needs both "
                    "positive",
                    request.dim, request.hidden_dim));
  }
  const auto weight = [&](Stream stream, std::int64_t fan_in, std::int64_t fan_out) {
    return WeightSource(RandomNormal{.key = key_of(request, stream),
                                     .scale = 1 / std::sqrt(static_cast<double>(fan_in)),
                                     .shape = {fan_in, fan_out}});
  };
  return {.input = WeightSource(RandomNormal{.key = key_of(request, Stream::Input),
                                             .shape = {1, 1, rows_of(request), request.dim}}),
          .weights = {.w1 = weight(Stream::Gate, request.dim, request.hidden_dim),
                      .w2 = weight(Stream::Down, request.hidden_dim, request.dim),
                      .w3 = weight(Stream::Up, request.dim, request.hidden_dim)}};
}

template <typename Config>
Config config_of(const mesh::MeshDevice& device, const MlpRunRequest& request,
                 const MlpSources& weights) {
  const MlpPrecision& precision = request.precision;
  Config config{.w1 = LazyWeight(weights.w1, {.dtype = precision.gate_up}),
                .w2 = LazyWeight(weights.w2, {.dtype = precision.down}),
                .w3 = LazyWeight(weights.w3, {.dtype = precision.gate_up})};
  config.device = device;
  config.activation = request.activation;
  config.activation_dtype = request.activation_dtype;
  return config;
}

mesh::HostTensor read(const WeightSource& source) {
  mesh::HostTensor tensor{.shape = source.shape(), .values = {}};
  std::vector<float> values(static_cast<std::size_t>(tensor.shape.volume()));
  source.read({0, 0, tensor.shape[-2], tensor.shape[-1]}, values);
  tensor.values = std::move(values);
  return tensor;
}

/// Runs one module twice and measures the second pass.
template <typename Module>
class MlpRun {
 public:
  MlpRun(Module module, const MlpRunRequest& request, const ProgressCallback& progress)
      : module_(std::move(module)),
        device_(*module_.config().device),
        request_(request),
        progress_(progress) {}

  void make_weights() {
    const auto& config = module_.config();
    std::int64_t done = 0;
    for (const LazyWeight& weight : {config.w1, config.w3, config.w2}) {
      tell("weights", done++, 3);
      (void)weight.get_device_weight();
      device_.synchronize();
    }
    tell("weights", done, 3);
  }

  void warm_up(const LazyWeight& input) {
    tell("warm-up", 0, 1);
    (void)module_.forward(input, request_.mode);
    device_.synchronize();
    tell("warm-up", 1, 1);
  }

  /// Fills in what was measured; returns the output.
  mesh::Tensor measure(const mesh::Tensor& x, MlpRunResult& result) {
    tell("measure", 0, 1);
    device_.record_program();
    const std::size_t first = device_.program().size();
    device_.start_recording(request_.trace);
    const Clock::time_point begin = Clock::now();
    mesh::Tensor output = module_.forward(x, request_.mode);
    const std::size_t end = device_.program().size();
    device_.synchronize();
    result.wall_time = Clock::now() - begin;
    result.report = device_.report();
    result.virtual_time = result.report.end - result.report.begin;
    for (std::size_t i = first; i < end; ++i) {
      result.program.push_back(device_.program()[i]);
    }
    tell("measure", 1, 1);
    return output;
  }

  /// The input, on the chips, as the module wants it.
  mesh::Tensor make_input(const LazyWeight& input) {
    mesh::Tensor x = module_.input(input, request_.mode);
    device_.synchronize();
    return x;
  }

 private:
  void tell(std::string_view stage, std::int64_t done, std::int64_t total) const {
    if (progress_) progress_({stage, done, total});
  }

  Module module_;
  mesh::MeshDevice device_;
  const MlpRunRequest& request_;
  const ProgressCallback& progress_;
};

template <typename Module>
MlpRunResult run(Module module, const MlpRunRequest& request, const Workload& workload,
                 const ProgressCallback& progress) {
  mesh::MeshDevice device = *module.config().device;
  const LazyWeight input(workload.input,
                         {.dtype = request.activation_dtype.value_or(
                              *module.config().activation_dtype == mesh::DataType::Float32
                                  ? mesh::DataType::Float32
                                  : mesh::DataType::Bfloat16)});
  MlpRun<Module> pass(std::move(module), request, progress);
  pass.make_weights();
  pass.warm_up(input);
  MlpRunResult result;
  const mesh::Tensor output = pass.measure(pass.make_input(input), result);
  result.required_pcc = request.pcc.value_or(request.precision.pcc);
  result.passed = true;
  if (!device.timing_only()) {
    const mesh::HostTensor values = mesh::to_host(output);
    const mesh::HostTensor reference =
        mlp_reference(read(workload.input), workload.weights,
                      {.activation = request.activation, .threads = request.threads}, progress);
    result.accuracy = measure_accuracy(values.floats(), reference.floats());
    result.passed = result.accuracy->pcc >= result.required_pcc;
  }
  return result;
}

}  // namespace

std::string mlp_module_name(MlpClass mlp_class, mesh::MeshShape shape) {
  const bool grid = shape.rows > 1 && shape.cols > 1;
  if (mlp_class == MlpClass::OneD && grid) {
    throw std::invalid_argument(
        fmt::format("[run_mlp] mlp_1d cannot run on a {} mesh, needs one row or one column; use "
                    "mlp_2d instead",
                    to_string(shape)));
  }
  if (mlp_class == MlpClass::TwoD && !grid) {
    throw std::invalid_argument(
        fmt::format("[run_mlp] mlp_2d cannot run on a {} mesh, needs several rows and several "
                    "columns; use mlp_1d instead",
                    to_string(shape)));
  }
  return grid ? "mlp_2d" : "mlp_1d";
}

MlpRunResult run_mlp(const mesh::MeshDevice& device, const MlpRunRequest& request,
                     const ProgressCallback& progress) {
  const std::string name = mlp_module_name(request.mlp_class, device.shape());
  const Workload workload = workload_of(request);
  MlpRunResult result =
      name == "mlp_1d"
          ? run(MLP1D::from_config(config_of<MLP1DConfig>(device, request, workload.weights)),
                request, workload, progress)
          : run(MLP2D::from_config(config_of<MLP2DConfig>(device, request, workload.weights)),
                request, workload, progress);
  result.module = name;
  return result;
}

}  // namespace ttmesh::modules
