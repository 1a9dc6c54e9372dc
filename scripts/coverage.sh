#!/usr/bin/env bash
# How many lines of a folder its tests run; fails below a share.
#
#   scripts/coverage.sh                        modules/ by its own tests, at least 90 %
#   scripts/coverage.sh FOLDER TARGET [SHARE]  another: scripts/coverage.sh ops ttmesh_ops_test 90
#
# Model tables are left out: they run the same lines with larger sizes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=${1:-modules}
target=${2:-ttmesh_modules_test}
share=${3:-90}
build=build/coverage

scripts/install_dependencies.sh --coverage
scripts/build.sh coverage "$target"
find "$build" -name '*.gcda' -delete
"$(find "$build" -type f -name "$target" -perm -u+x)" --gtest_brief=1 --gtest_filter='-Table/*'
gcovr --root . --object-directory "$build" --filter "$folder/" --fail-under-line "$share" "$build"
