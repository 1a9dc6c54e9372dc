#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "calibration/collectives.hpp"
#include "calibration/errors.hpp"
#include "calibration/matmuls.hpp"
#include "calibration/parameters.hpp"
#include "sim/system.hpp"

namespace ttmesh::calibration {
namespace {

double microseconds(sim::Time time) { return static_cast<double>(time.ps()) / 1e6; }

/// What a search lowers: the mean error, and the root mean square so that none stands out.
double cost_of(const Errors& errors) { return errors.mean() + errors.root_mean_square(); }

void print_row(const std::string& group, const Errors& errors) {
  fmt::print("| {:34} | {:4} | {:6.2f} % | {:6.2f} % |\n", group, errors.count(),
             100 * errors.mean(), 100 * errors.worst());
}

void print_header() {
  fmt::print("| {:34} | rows | mean     | worst    |\n| --- | --- | --- | --- |\n", "");
}

template <typename Model>
void print_parameters(std::string_view system, std::span<const Parameter<Model>> parameters,
                      const Model& before, const Model& after) {
  fmt::print("\n{}\n", system);
  for (const Parameter<Model>& each : parameters) {
    fmt::print("  {:28} {:12.3f} -> {:12.3f} {}\n", each.name, each.get(before), each.get(after),
               each.unit);
  }
}

class Collectives {
 public:
  explicit Collectives(const std::filesystem::path& folder) : rows_(read_collectives(folder)) {}

  void fit(const std::string& system) {
    const sim::CollectiveModel& preset = sim::find_system(system).collective;
    const auto cost = [&](const sim::CollectiveModel& model) {
      Errors errors;
      for (const Measurement& row : rows_) {
        if (row.system == system)
          errors.add(microseconds(runner_.run(row, model)), row.microseconds);
      }
      return cost_of(errors);
    };
    models_[system] = fitted<sim::CollectiveModel>(preset, collective_parameters(), cost);
    print_parameters(system, collective_parameters(), preset, models_[system]);
  }

  void print(bool every_row) {
    std::map<std::string, Errors> groups;
    Errors all;
    for (const Measurement& row : rows_) {
      const auto fitted_model = models_.find(row.system);
      const sim::CollectiveModel& model = fitted_model != models_.end()
                                              ? fitted_model->second
                                              : sim::find_system(row.system).collective;
      const double found = microseconds(runner_.run(row, model));
      groups[row.group()].add(found, row.microseconds);
      all.add(found, row.microseconds);
      if (!every_row) continue;
      fmt::print("{:34} {:12} B {:12.2f} us measured {:12.2f} us simulated {:+7.2f} %\n",
                 row.group(), row.bytes, row.microseconds, found,
                 100 * (found / row.microseconds - 1));
    }
    for (const auto& [group, errors] : groups) print_row(group, errors);
    print_row("all collectives", all);
  }

 private:
  std::vector<Measurement> rows_;
  CollectiveRunner runner_;
  std::map<std::string, sim::CollectiveModel> models_;
};

class Matmuls {
 public:
  explicit Matmuls(const std::filesystem::path& folder) : rows_(read_matmuls(folder)) {}

  void fit(const std::string& system) {
    const sim::MatmulModel& preset = sim::find_system(system).chip.matmul;
    const auto cost = [&](const sim::MatmulModel& model) {
      Errors errors;
      for (const MatmulMeasurement& row : rows_) {
        if (row.system == system) errors.add(predicted(row, model), row.microseconds);
      }
      return cost_of(errors);
    };
    models_[system] = fitted<sim::MatmulModel>(preset, matmul_parameters(), cost);
    print_parameters(system, matmul_parameters(), preset, models_[system]);
  }

  void print(bool every_row) {
    std::map<std::string, Errors> groups;
    for (const MatmulMeasurement& row : rows_) {
      const auto fitted_model = models_.find(row.system);
      const double found =
          predicted(row, fitted_model != models_.end() ? fitted_model->second
                                                       : sim::find_system(row.system).chip.matmul);
      groups[row.system + " matmul"].add(found, row.microseconds);
      if (!every_row) continue;
      fmt::print(
          "{:5} {:5} tiles, {:4} B a tile, {:5} {:12.2f} us measured {:12.2f} us simulated "
          "{:+7.2f} %\n",
          row.system, row.work.m_tiles, row.work.in1.tile_bytes, name(row.work.fidelity),
          row.microseconds, found, 100 * (found / row.microseconds - 1));
    }
    for (const auto& [group, errors] : groups) print_row(group, errors);
  }

 private:
  static double predicted(const MatmulMeasurement& row, const sim::MatmulModel& model) {
    sim::ChipModel chip = sim::find_system(row.system).chip;
    chip.matmul = model;
    return microseconds(cost(chip, row.work).duration);
  }

  std::vector<MatmulMeasurement> rows_;
  std::map<std::string, sim::MatmulModel> models_;
};

struct Options {
  std::string folder;
  std::vector<std::string> fit;
  bool rows = false;
};

void run(const Options& options) {
  Collectives collectives(options.folder);
  Matmuls matmuls(options.folder);
  for (const std::string& system : options.fit) {
    const bool is_board = system == "n150" || system == "p150";
    is_board ? matmuls.fit(system) : collectives.fit(system);
  }
  fmt::print("\n");
  print_header();
  collectives.print(options.rows);
  matmuls.print(options.rows);
}

int run_command_line(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Compares the presets' virtual times with published measurements, and fits their "
      "parameters.");
  app.add_option("FOLDER", options.folder, "With ccl_sweep.csv, overheads.csv and gemm_flops.csv")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--fit", options.fit,
                 "Systems to fit: collectives of t3k and bh_galaxy, matmuls of n150 and p150")
      ->check(CLI::IsMember({"t3k", "bh_galaxy", "n150", "p150"}));
  app.add_flag("--rows", options.rows, "Print every measurement");
  CLI11_PARSE(app, argc, argv);
  run(options);
  return 0;
}

}  // namespace
}  // namespace ttmesh::calibration

int main(int argc, char** argv) {
  try {
    return ttmesh::calibration::run_command_line(argc, argv);
  } catch (const std::exception& error) {
    std::fputs(error.what(), stderr);
    std::fputc('\n', stderr);
    return 2;
  }
}
