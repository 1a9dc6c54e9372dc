#!/usr/bin/env bash
# Installs what is missing, configures a preset of CMakePresets.json and builds it.
#
#   scripts/build.sh PRESET [TARGET...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ $# -lt 1 ]]; then
  echo "usage: $0 PRESET [TARGET...]" >&2
  exit 2
fi
preset=$1
shift

scripts/install_dependencies.sh

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! cmake --preset "$preset" >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi

targets=()
[[ $# -eq 0 ]] || targets=(--target "$@")
# On a terminal Ninja shows its progress on one line; elsewhere it is silent unless it fails.
quiet=(-- --quiet)
[[ ! -t 1 ]] || quiet=()
echo "building $preset in build/$preset"
cmake --build --preset "$preset" "${targets[@]}" "${quiet[@]}"
