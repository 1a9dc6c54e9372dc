#!/usr/bin/env bash
# How many lines of a folder its tests run; fails below a share.
#
#   scripts/coverage.sh                          modules/ by its tests, at least 90 %
#   scripts/coverage.sh FOLDER SHARE TARGET...   another: scripts/coverage.sh ops 90 ttmesh_ops_test
#
# Model tables are left out: they run the same lines with larger sizes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=${1:-modules}
share=${2:-90}
targets=("${@:3}")
[[ ${#targets[@]} -gt 0 ]] || targets=(ttmesh_modules_test ttmesh_models_test)
build=build/coverage

scripts/install_dependencies.sh --coverage
cmake --preset coverage -DTTMESH_COVERAGE="$folder" >/dev/null
scripts/build.sh coverage "${targets[@]}"
find "$build" -name '*.gcda' -delete
for target in "${targets[@]}"; do
  "$(find "$build" -type f -name "$target" -perm -u+x)" --gtest_brief=1 --gtest_filter='-*OfModel.*'
done
gcovr --root . --object-directory "$build" --filter "$folder/" --sort-uncovered \
  --fail-under-line "$share" "$build"
