#include "cli/ccl_measure.hpp"

#include <algorithm>
#include <cstddef>
#include <variant>
#include <vector>

#include "cli/ccl_dtype.hpp"
#include "mesh/device/session.hpp"
#include "mesh/tensor/host_tensor.hpp"

namespace ttmesh::cli {
namespace {

using Clock = std::chrono::steady_clock;

template <typename T>
std::int64_t differences(const std::vector<T>& values, const std::vector<std::int64_t>& expected) {
  const std::size_t common = std::min(values.size(), expected.size());
  auto count = static_cast<std::int64_t>(std::max(values.size(), expected.size()) - common);
  for (std::size_t i = 0; i < common; ++i) {
    // Doubles hold every 32-bit integer, and a NaN equals nothing.
    count += static_cast<double>(values[i]) == static_cast<double>(expected[i]) ? 0 : 1;
  }
  return count;
}

std::int64_t wrong_elements(const mesh::Tensor& output, const CclRequest& request,
                            const CclBuffers& buffers) {
  // Shards are turned into floats one at a time: replicas share memory as long as they are shards.
  const std::vector<mesh::Shard> shards = output.handle()->session->read(output.handle());
  std::int64_t wrong = 0;
  for (int group = 0; group < buffers.groups.count(); ++group) {
    for (int place = 0; place < buffers.groups.size(); ++place) {
      const auto chip = static_cast<std::size_t>(buffers.groups.chip(group, place));
      const mesh::HostTensor held = mesh::to_host(shards[chip]);
      const std::vector<std::int64_t> expected =
          request.collective->expected(buffers, request.call, group, place);
      wrong += std::visit([&](const auto& values) { return differences(values, expected); },
                          held.values);
    }
  }
  return wrong;
}

}  // namespace

double CclResult::time_us() const {
  return static_cast<double>(virtual_time.ps()) * 1e-6 / iterations;
}

double CclResult::wall_us() const {
  return std::chrono::duration<double, std::micro>(wall_time).count() / iterations;
}

double CclResult::algorithm_gb_per_s() const {
  return virtual_time > sim::Time{} ? static_cast<double>(bytes) * 1e-3 / time_us() : 0.0;
}

double CclResult::bus_gb_per_s() const { return algorithm_gb_per_s() * bus_factor; }

CclResult measure(mesh::MeshDevice device, const CclRequest& request, std::int64_t bytes) {
  const Collective& collective = *request.collective;
  const int chips = request.call.groups.size();
  const CclUnit unit = unit_of(request.dtype);
  const std::int64_t units = std::max<std::int64_t>(1, bytes / unit.bytes);
  const std::int64_t parts = collective.splits ? chips : 1;
  const std::int64_t part_units = (units + parts - 1) / parts;
  const CclBuffers buffers{.groups = request.call.groups,
                           .part = part_units * unit.elements,
                           .dtype = request.dtype,
                           .seed = request.seed,
                           .adds = collective.redop == "sum"};
  const bool moves = collective.inputs != nullptr;
  const std::int64_t counted = !moves ? 0 : collective.counts_part ? part_units : units;

  std::vector<mesh::Tensor> inputs;
  if (collective.inputs != nullptr) inputs = collective.inputs(buffers, device);
  for (int i = 0; i < request.warm_ups; ++i) (void)collective.issue(device, inputs, request.call);
  device.start_recording(request.trace);
  const std::size_t first_command = device.program().size();
  const Clock::time_point begin = Clock::now();
  mesh::Tensor output;
  for (int i = 0; i < request.iterations; ++i)
    output = collective.issue(device, inputs, request.call);
  const std::size_t end_command = device.program().size();
  device.synchronize();
  const Clock::duration wall_time = Clock::now() - begin;

  CclResult result{.bytes = (collective.counts_part ? parts : 1) * counted * unit.bytes,
                   .count = counted * unit.elements,
                   .chips = chips,
                   .iterations = request.iterations,
                   .virtual_time = {},
                   .wall_time = wall_time,
                   .bus_factor = collective.bus_factor(chips),
                   .wrong = {},
                   .choice = {},
                   .report = device.report(),
                   .commands = {first_command, end_command}};
  result.virtual_time = result.report.end - result.report.begin;
  if (collective.choice != nullptr && chips > 1) {
    result.choice = collective.choice(inputs, request.call);
  }
  if (request.check && output && !device.timing_only()) {
    result.wrong = wrong_elements(output, request, buffers);
  }
  return result;
}

}  // namespace ttmesh::cli
