#include "cli/ranks.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <stdexcept>

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

int whole_number(const char* name, const std::string& text) {
  if (const auto number = sim::parse_count(text)) return *number;
  throw std::invalid_argument(fmt::format("[{}] '{}' is no whole number", name, text));
}

}  // namespace

std::optional<RankPlace> rank_place(const Environment& environment) {
  for (const Launcher& launcher : kLaunchers) {
    const char* rank = environment(launcher.rank);
    const char* ranks = environment(launcher.ranks);
    if (rank == nullptr || ranks == nullptr) continue;
    if (launcher.condition != nullptr && environment(launcher.condition) == nullptr) continue;
    const RankPlace place{.rank = whole_number(launcher.rank, rank),
                          .ranks = whole_number(launcher.ranks, ranks),
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

bool is_shared_by_ranks(const std::string& command) {
  for (const char* each : {"run", "ccl", "generate"}) {
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
