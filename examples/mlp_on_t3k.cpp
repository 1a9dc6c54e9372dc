// The MLP of Llama-3.2-1B on a ring of 8 chips: opens a machine, runs a module, reads its result.
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <exception>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/transfer.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/mlp/mlp_1d.hpp"
#include "modules/open.hpp"

namespace {

namespace mesh = ttmesh::mesh;
namespace modules = ttmesh::modules;

/// A random weight of [rows, cols]; `stream` tells it from the others.
modules::LazyWeight weight(std::uint64_t stream, std::int64_t rows, std::int64_t cols) {
  const modules::RandomNormal values{.key = {.seed = 1, .stream = stream},
                                     .scale = 1 / std::sqrt(static_cast<double>(rows)),
                                     .shape = {rows, cols}};
  return modules::LazyWeight(values, {.dtype = mesh::DataType::Bfp8B});
}

void run() {
  constexpr std::int64_t kDim = 2048;
  constexpr std::int64_t kHidden = 8192;
  constexpr std::int64_t kUsers = 32;
  mesh::MeshDevice device = modules::open("t3k:1x8:ring");

  modules::MLP1DConfig config{.w1 = weight(1, kDim, kHidden),
                              .w2 = weight(2, kHidden, kDim),
                              .w3 = weight(3, kDim, kHidden)};
  config.device = device;
  modules::MLP1D mlp = modules::MLP1D::from_config(config);
  mlp.load_device_weights();

  const modules::LazyWeight x(
      modules::RandomNormal{.key = {.seed = 2}, .shape = {1, 1, kUsers, kDim}});
  device.start_recording();
  const mesh::Tensor y = mlp.forward(x, modules::Mode::Decode);  // Returns at once.
  const mesh::Report report = device.report();                   // Waits.

  fmt::print("on one chip: {}\n", to_string(y.spec()));
  for (const mesh::OpTotal& op : report.ops) {
    fmt::print("  {:<20} {:>8.2f} us\n", op.op, static_cast<double>(op.time.ps()) * 1e-6);
  }
  const mesh::HostTensor values = mesh::to_host(y);
  double sum_of_squares = 0;
  for (const float value : values.floats()) sum_of_squares += double{value} * value;
  fmt::print("result {}, RMS {:.4f}\n", to_string(values.shape),
             std::sqrt(sum_of_squares / static_cast<double>(values.floats().size())));
}

}  // namespace

int main() {
  try {
    run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
