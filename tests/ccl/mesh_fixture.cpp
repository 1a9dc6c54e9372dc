#include "tests/ccl/mesh_fixture.hpp"

#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "ccl/op_table.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/mapper.hpp"
#include "mesh/tensor/random.hpp"
#include "mesh/topology/load.hpp"
#include "ops/op_table.hpp"
#include "ops/place_as.hpp"

namespace ttmesh::ccl::test {

using mesh::HostTensor;
using mesh::MeshShape;
using mesh::Shape;

mesh::MeshDevice open_mesh(const std::string& topology, mesh::OpenOptions options) {
  auto table = std::make_shared<mesh::OpTable>();
  ops::register_ops(*table);
  register_collectives(*table);
  return mesh::open(mesh::load_topology(topology), std::move(table), std::move(options));
}

mesh::MeshDevice open_mesh(const std::string& topology, bool timing_only,
                           const std::vector<std::string>& settings) {
  mesh::OpenOptions options;
  options.timing_only = timing_only;
  for (const std::string& text : settings) options.settings.push_back(sim::parse_setting(text));
  return open_mesh(topology, std::move(options));
}

HostTensor whole_numbers(const Shape& shape, int bound, std::uint64_t seed) {
  std::vector<float> values(static_cast<std::size_t>(shape.volume()));
  mesh::fill_normal({.seed = seed, .stream = 0}, 0, static_cast<float>(bound) / 2, values);
  for (float& value : values) {
    value = std::fmin(std::fmax(std::round(value), static_cast<float>(-bound)),
                      static_cast<float>(bound));
  }
  return {.shape = shape, .values = std::move(values)};
}

namespace {

OwnShards write_own(const mesh::MeshDevice& device, const TermOptions& options) {
  const MeshShape shape = device.shape();
  const Shape whole = options.shape.with(0, shape.rows).with(1, shape.cols);
  const HostTensor global = device.timing_only() ? HostTensor{.shape = whole, .values = {}}
                                                 : whole_numbers(whole, options.bound, 7);
  OwnShards shards{.tensor = mesh::from_host(device, global,
                                             {.dtype = options.dtype,
                                              .layout = options.layout,
                                              .memory = {},
                                              .distribution = mesh::shard_tensor_2d_mesh(
                                                  shape, std::array<std::optional<int>, 2>{0, 1})}),
                   .of = {}};
  if (device.timing_only()) return shards;
  const std::int64_t volume = options.shape.volume();
  for (int chip = 0; chip < shape.size(); ++chip) {
    const auto first = global.floats().begin() + static_cast<std::ptrdiff_t>(chip * volume);
    shards.of.emplace_back(first, first + static_cast<std::ptrdiff_t>(volume));
  }
  return shards;
}

}  // namespace

OwnShards write_shards(const mesh::MeshDevice& device, const Shape& shard, mesh::DataType dtype) {
  return write_own(device, {.shape = shard, .dtype = dtype});
}

Terms write_terms(const mesh::MeshDevice& device, const TermOptions& options) {
  OwnShards own = write_own(device, options);
  std::array<mesh::Placement, 2> placements{mesh::shard(0), mesh::shard(1)};
  placements[static_cast<std::size_t>(options.summed_axis)] = mesh::partial();
  return {.tensor = ops::place_as(own.tensor, placements), .of = std::move(own.of)};
}

std::vector<int> line_of(MeshShape shape, int axis, int chip) {
  const int row = chip / shape.cols;
  const int col = chip % shape.cols;
  std::vector<int> line;
  for (int i = 0; i < shape.extent(axis); ++i) {
    line.push_back(axis == 0 ? i * shape.cols + col : row * shape.cols + i);
  }
  return line;
}

std::vector<float> sum_on_line(const Terms& terms, MeshShape shape, int axis, int chip) {
  std::vector<float> sum(terms.of.front().size(), 0.0F);
  for (const int member : line_of(shape, axis, chip)) {
    const std::vector<float>& term = terms.of[static_cast<std::size_t>(member)];
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += term[i];
  }
  return sum;
}

std::vector<float> slice_of(const std::vector<float>& values, const Shape& shape, int dim,
                            int index, int count) {
  std::int64_t inner = 1;
  for (int d = dim + 1; d < shape.rank(); ++d) inner *= shape[d];
  const std::int64_t run = shape[dim] / count * inner;
  std::vector<float> slice;
  for (std::int64_t at = index * run; at < shape.volume(); at += shape[dim] * inner) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(at);
    slice.insert(slice.end(), first, first + static_cast<std::ptrdiff_t>(run));
  }
  return slice;
}

}  // namespace ttmesh::ccl::test
