#pragma once

#include <functional>
#include <optional>
#include <string>

namespace ttmesh::cli {

/// This process among those that somebody else than ttmesh has started together.
struct RankPlace {
  int rank = 0;
  int ranks = 1;
  std::string launcher;  ///< "mpirun", "srun", "PMI"
};

/// Reads a variable of the environment; null if it is not set.
using Environment = std::function<const char*(const char* name)>;

/// What mpirun, Slurm or another launcher of MPI programs says; nothing if none has started this
/// process, or nothing but this process. Slurm counts within a step alone: a batch script is one
/// process, however many tasks the job may have.
/// Throws std::invalid_argument if the environment says something that cannot be.
[[nodiscard]] std::optional<RankPlace> rank_place(const Environment& environment);
/// The same for this process.
[[nodiscard]] std::optional<RankPlace> rank_place();

/// Whether such a launcher has started this process, be it alone.
[[nodiscard]] bool has_launcher(const Environment& environment);
/// Throws std::invalid_argument: MPI is asked for, and nobody has started hosts that could use it.
/// Says what to do about it.
[[noreturn]] void refuse_mpi();

/// Whether a command is run by all ranks together. The others are rank 0's alone.
[[nodiscard]] bool is_shared_by_ranks(const std::string& command);

/// Makes this process one that nobody has started together with others, for its children too.
void forget_ranks();

}  // namespace ttmesh::cli
