#include "modules/weight_assembly.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "mesh/topology/error.hpp"
#include "modules/stored_values.hpp"

namespace ttmesh::modules {
namespace {

namespace fs = std::filesystem;

std::int64_t rows_of(const WeightPart& part) {
  const auto* stored = std::get_if<StoredMatrix>(&part);
  return stored != nullptr ? stored->rows : std::get<RandomNormal>(part).shape[-2];
}

std::int64_t cols_of(const WeightPart& part) {
  const auto* stored = std::get_if<StoredMatrix>(&part);
  return stored != nullptr ? stored->cols : std::get<RandomNormal>(part).shape[-1];
}

void read_random(const RandomNormal& random, const MatrixBlock& block, std::span<float> out) {
  for (std::int64_t row = 0; row < block.rows; ++row) {
    const std::int64_t first = (block.first_row + row) * random.shape[-1] + block.first_col;
    mesh::fill_normal(random.key, static_cast<std::uint64_t>(first),
                      static_cast<float>(random.scale),
                      out.subspan(static_cast<std::size_t>(row * block.cols),
                                  static_cast<std::size_t>(block.cols)));
  }
}

void read_part(const WeightPart& part, const MatrixBlock& block, std::span<float> out) {
  if (const auto* stored = std::get_if<StoredMatrix>(&part)) {
    read_stored(*stored, block, out);
  } else {
    read_random(std::get<RandomNormal>(part), block, out);
  }
}

// Columns `first` to `first + count - 1` of a run, into columns of `out` from `at` on.
void read_run(const WeightPart& part, const ColumnRun& run, const MatrixBlock& block,
              std::int64_t at, std::int64_t out_cols, std::span<float> out) {
  // Whole heads are read, because a head's pairs come from both of its halves.
  const std::int64_t unit = run.rotary_dim == 0 ? 1 : run.rotary_dim;
  const std::int64_t begin = block.first_col / unit * unit;
  const std::int64_t end = (block.first_col + block.cols + unit - 1) / unit * unit;
  const MatrixBlock wanted{block.first_row, run.first + begin, block.rows, end - begin};
  std::vector<float> values(static_cast<std::size_t>(wanted.rows * wanted.cols));
  read_part(part, wanted, values);
  for (std::int64_t row = 0; row < block.rows; ++row) {
    float* to = &out[static_cast<std::size_t>(row * out_cols + at)];
    const float* from = &values[static_cast<std::size_t>(row * wanted.cols)];
    for (std::int64_t i = 0; i < block.cols; ++i) {
      const std::int64_t column = block.first_col + i;
      to[i] = from[(unit == 1 ? column : half_split_column(column, unit)) - begin];
    }
  }
}

std::string key(const char* field, std::size_t part) { return fmt::format("{}{}", field, part); }

}  // namespace

std::int64_t half_split_column(std::int64_t column, std::int64_t rotary_dim) {
  const std::int64_t within = column % rotary_dim;
  return column - within + within / 2 + within % 2 * (rotary_dim / 2);
}

std::int64_t stored_bytes(StoredType type) { return type == StoredType::Float32 ? 4 : 2; }

void validate(const WeightAssembly& assembly) {
  const mesh::Shape& shape = assembly.shape;
  if (shape.rank() < 2 || shape.volume() < 1 || shape.volume() != shape[-2] * shape[-1]) {
    throw std::invalid_argument(
        fmt::format("[WeightAssembly] shape is {}, needs rows and columns, leading dims of 1",
                    to_string(shape)));
  }
  std::int64_t cols = 0;
  for (const ColumnRun& run : assembly.runs) {
    if (run.part < 0 || static_cast<std::size_t>(run.part) >= assembly.parts.size()) {
      throw std::invalid_argument(fmt::format("[WeightAssembly] a run names part {} of {}",
                                              run.part, assembly.parts.size()));
    }
    const WeightPart& part = assembly.parts[static_cast<std::size_t>(run.part)];
    if (rows_of(part) != shape[-2]) {
      throw std::invalid_argument(fmt::format("[WeightAssembly] part {} has {} rows, needs {}",
                                              run.part, rows_of(part), shape[-2]));
    }
    if (run.first < 0 || run.count < 1 || run.first + run.count > cols_of(part)) {
      throw std::invalid_argument(
          fmt::format("[WeightAssembly] columns {} to {} of part {} are asked for, it has {}",
                      run.first, run.first + run.count, run.part, cols_of(part)));
    }
    if (run.rotary_dim != 0 &&
        (run.rotary_dim < 2 || run.rotary_dim % 2 != 0 || run.first % run.rotary_dim != 0 ||
         run.count % run.rotary_dim != 0)) {
      throw std::invalid_argument(
          fmt::format("[WeightAssembly] columns {} to {} are no whole heads of {}", run.first,
                      run.first + run.count, run.rotary_dim));
    }
    cols += run.count;
  }
  if (cols != shape[-1]) {
    throw std::invalid_argument(
        fmt::format("[WeightAssembly] the runs have {} columns, needs {}", cols, shape[-1]));
  }
}

void read_block(const WeightAssembly& assembly, const MatrixBlock& block, std::span<float> out) {
  const std::int64_t rows = assembly.shape[-2];
  const std::int64_t cols = assembly.shape[-1];
  if (block.first_row < 0 || block.first_col < 0 || block.rows < 0 || block.cols < 0 ||
      block.first_row + block.rows > rows || block.first_col + block.cols > cols ||
      out.size() != static_cast<std::size_t>(block.rows * block.cols)) {
    throw std::invalid_argument(fmt::format(
        "[read_block] a block of {} x {} at ({}, {}) into {} values, the matrix has {} x {}",
        block.rows, block.cols, block.first_row, block.first_col, out.size(), rows, cols));
  }
  std::int64_t run_begin = 0;
  for (const ColumnRun& run : assembly.runs) {
    const std::int64_t begin = std::max(block.first_col, run_begin);
    const std::int64_t end = std::min(block.first_col + block.cols, run_begin + run.count);
    if (begin < end) {
      read_run(assembly.parts[static_cast<std::size_t>(run.part)], run,
               {block.first_row, begin - run_begin, block.rows, end - begin},
               begin - block.first_col, block.cols, out);
    }
    run_begin += run.count;
  }
}

WeightAssembly stamped(WeightAssembly assembly) {
  for (WeightPart& part : assembly.parts) {
    if (auto* stored = std::get_if<StoredMatrix>(&part)) {
      stored->file = fs::absolute(stored->file);
      stored->stamp = stamp_of(*stored);
    }
  }
  return assembly;
}

void require_stamps(const WeightAssembly& assembly) {
  for (const WeightPart& part : assembly.parts) {
    const auto* stored = std::get_if<StoredMatrix>(&part);
    if (stored == nullptr || stored->stamp.empty()) continue;
    const std::string found = stamp_of(*stored);
    if (found == stored->stamp) continue;
    throw mesh::InvalidFile({{.file = stored->file.string(),
                              .line = 0,
                              .field = {},
                              .what = fmt::format("holds {} at byte {}, rank 0 found {} there; "
                                                  "needs the same file on every host",
                                                  found, stored->offset, stored->stamp)}});
  }
}

void add_to(mesh::Attributes& attributes, const WeightAssembly& assembly) {
  const auto dims = assembly.shape.dims();
  attributes.set("logical", std::vector<std::int64_t>(dims.begin(), dims.end()));
  std::vector<std::int64_t> runs;
  for (const ColumnRun& run : assembly.runs) {
    runs.insert(runs.end(), {run.part, run.first, run.count, run.rotary_dim});
  }
  attributes.set("runs", std::move(runs));
  attributes.set("parts", static_cast<std::int64_t>(assembly.parts.size()));
  for (std::size_t i = 0; i < assembly.parts.size(); ++i) {
    if (const auto* stored = std::get_if<StoredMatrix>(&assembly.parts[i])) {
      attributes.set(key("file", i), stored->file.string());
      attributes.set(key("stored", i), std::vector<std::int64_t>{
                                           static_cast<std::int64_t>(stored->offset),
                                           static_cast<std::int64_t>(stored->type), stored->rows,
                                           stored->cols, stored->transposed ? 1 : 0});
      if (!stored->stamp.empty()) attributes.set(key("stamp", i), stored->stamp);
      continue;
    }
    const auto& random = std::get<RandomNormal>(assembly.parts[i]);
    attributes.set(key("random", i),
                   std::vector<std::int64_t>{static_cast<std::int64_t>(random.key.seed),
                                             static_cast<std::int64_t>(random.key.stream),
                                             random.shape[-2], random.shape[-1]});
    attributes.set(key("scale", i), random.scale);
  }
}

WeightAssembly assembly_of(const mesh::Attributes& attributes) {
  WeightAssembly assembly{
      .shape = mesh::Shape(attributes.integers("logical")), .parts = {}, .runs = {}};
  const std::vector<std::int64_t>& runs = attributes.integers("runs");
  for (std::size_t i = 0; i + 3 < runs.size(); i += 4) {
    assembly.runs.push_back({static_cast<int>(runs[i]), runs[i + 1], runs[i + 2], runs[i + 3]});
  }
  const auto parts = static_cast<std::size_t>(attributes.integer("parts"));
  for (std::size_t i = 0; i < parts; ++i) {
    if (attributes.has(key("file", i))) {
      const std::vector<std::int64_t>& stored = attributes.integers(key("stored", i));
      assembly.parts.emplace_back(StoredMatrix{
          .file = attributes.text(key("file", i)),
          .offset = static_cast<std::uint64_t>(stored.at(0)),
          .type = static_cast<StoredType>(stored.at(1)),
          .rows = stored.at(2),
          .cols = stored.at(3),
          .transposed = stored.at(4) != 0,
          .stamp = attributes.has(key("stamp", i)) ? attributes.text(key("stamp", i)) : ""});
      continue;
    }
    const std::vector<std::int64_t>& random = attributes.integers(key("random", i));
    assembly.parts.emplace_back(
        RandomNormal{.key = {.seed = static_cast<std::uint64_t>(random.at(0)),
                             .stream = static_cast<std::uint64_t>(random.at(1))},
                     .scale = attributes.number(key("scale", i)),
                     .shape = {random.at(2), random.at(3)}});
  }
  return assembly;
}

std::string digest(const WeightAssembly& assembly) {
  mesh::Attributes attributes;
  add_to(attributes, assembly);
  std::string text = "assembly " + to_string(attributes);
  for (const WeightPart& part : assembly.parts) {
    const auto* stored = std::get_if<StoredMatrix>(&part);
    if (stored == nullptr) continue;
    std::error_code error;
    const auto size = fs::file_size(stored->file, error);
    const auto time = fs::last_write_time(stored->file, error).time_since_epoch().count();
    text += fmt::format(" | {} {}", size, time);
  }
  return text;
}

}  // namespace ttmesh::modules
