#include "cli/ranks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>

#include "mesh/transport/transport.hpp"
#include "sim/quantity.hpp"

namespace ttmesh::cli {
namespace {

/// The variables by which a launcher tells a process its place.
struct Launcher {
  const char* name;
  const char* rank;
  const char* ranks;
  const char* condition;  ///< Says nothing unless this is set too; null: always.
};

/// The first that is there counts: mpirun may run in a job of Slurm.
/// Sources: Open MPI 4.1 manual of mpirun, "environment variables"; Slurm manual of srun, "output
/// environment variables"; MPICH's PMI, which Slurm speaks as well.
constexpr std::array kLaunchers{
    Launcher{"mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", nullptr},
    Launcher{"srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_ID"},
    Launcher{"srun", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_STEP_ID"},
    Launcher{"PMI", "PMI_RANK", "PMI_SIZE", nullptr},
};

bool has_started(const Launcher& launcher, const Environment& environment) {
  return environment(launcher.rank) != nullptr && environment(launcher.ranks) != nullptr &&
         (launcher.condition == nullptr || environment(launcher.condition) != nullptr);
}

int whole_number(const char* name, const std::string& text) {
  if (const auto number = sim::parse_count(text)) return *number;
  throw std::invalid_argument(fmt::format("[{}] '{}' is no whole number", name, text));
}

}  // namespace

std::optional<RankPlace> rank_place(const Environment& environment) {
  for (const Launcher& launcher : kLaunchers) {
    if (!has_started(launcher, environment)) continue;
    const RankPlace place{.rank = whole_number(launcher.rank, environment(launcher.rank)),
                          .ranks = whole_number(launcher.ranks, environment(launcher.ranks)),
                          .launcher = launcher.name};
    if (place.rank >= place.ranks) {
      throw std::invalid_argument(fmt::format("[{}] rank {} of {}, needs one below it",
                                              launcher.rank, place.rank, place.ranks));
    }
    if (place.ranks == 1) return std::nullopt;
    return place;
  }
  return std::nullopt;
}

std::optional<RankPlace> rank_place() {
  return rank_place([](const char* name) { return std::getenv(name); });
}

bool has_launcher(const Environment& environment) {
  return std::any_of(kLaunchers.begin(), kLaunchers.end(),
                     [&](const Launcher& launcher) { return has_started(launcher, environment); });
}

void refuse_mpi() {
  if (!is_built_in(mesh::TransportKind::Mpi)) {
    throw std::invalid_argument(
        "[--transport] mpi, but this ttmesh is built without MPI: install libopenmpi-dev and "
        "openmpi-bin and build it again, or take --hosts N with unix or tcp");
  }
  throw std::invalid_argument(
      "[--transport] mpi needs hosts that mpirun has started: mpirun -n 2 ttmesh run ..., from the "
      "package openmpi-bin; or take --hosts N with unix or tcp");
}

bool is_shared_by_ranks(const std::string& command) {
  for (const char* each : {"run", "ccl", "generate", "replay"}) {
    if (command == each) return true;
  }
  return false;
}

void forget_ranks() {
  for (const Launcher& launcher : kLaunchers) {
    unsetenv(launcher.rank);
    unsetenv(launcher.ranks);
  }
}

}  // namespace ttmesh::cli
