#!/usr/bin/env bash
# Wall time of an all-reduce with values: emulated chips against OpenMPI's processes, in turns.
# MPI copies between processes and has one for each rank; emulated chips share one process's memory
# and pass pointers. So the ratio says what the emulation costs, not which is the better library.
#
#   bench/against_mpi.sh [BUILD_DIR]      default build/release
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=${1:-build/release}
if ! command -v mpirun >/dev/null || [[ ! -x "$build/bin/ttmesh_mpi_bench" ]]; then
  echo "$0: needs OpenMPI: install libopenmpi-dev and openmpi-bin, then build ttmesh_mpi_bench" >&2
  exit 1
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

echo "# all-reduce of float32, wall microseconds; MPI copies between processes, chips share memory"
printf '%6s %8s %12s %12s %8s\n' chips KiB ttmesh OpenMPI ratio
for chips in 8 32; do
  # All of it before ours: its processes look for messages without a pause as long as they live.
  if ! rows=$(mpirun --oversubscribe -n "$chips" "$build/bin/ttmesh_mpi_bench" 2>/dev/null); then
    echo "$0: mpirun -n $chips $build/bin/ttmesh_mpi_bench failed; run it to see why" >&2
    exit 1
  fi
  while read -r size kib mpi; do
    own=$("$build/bin/ttmesh_bench" --benchmark_format=csv \
      --benchmark_filter="^all_reduce/chips:$size/KiB:$kib/" 2>/dev/null </dev/null |
      awk -F, '/^"all_reduce/ { print $3 }')
    awk -v c="$size" -v k="$kib" -v o="$own" -v m="$mpi" \
      'BEGIN { printf "%6d %8d %12.1f %12.1f %8.2f\n", c, k, o, m, o / m }'
  done <<<"$rows"
done
