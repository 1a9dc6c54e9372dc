#!/usr/bin/env bash
# What a change must pass before it is called done, besides scripts/test.sh: formatting, address,
# undefined-behaviour and thread sanitizers, clang-tidy.
#
#   scripts/check.sh                          everything
#   scripts/check.sh format|asan|tsan|tidy    one of them
#
# The address sanitizer leaves out the tables of published models: the same code, at sizes that take
# it many minutes.
#
# The thread sanitizer runs on what is tested without CAF: the packaged CAF is not instrumented, so
# a report about its queues would mean nothing. The chip's own logic is driven by plain threads.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install_dependencies.sh --checks

format() {
  git ls-files -z '*.cpp' '*.hpp' | xargs -0 clang-format --dry-run -Werror
}

asan() {
  scripts/build.sh asan
  ctest --preset asan --output-on-failure
}

tsan() {
  local layers=(sim mesh_tensor mesh_program mesh_transport)
  local targets=("${layers[@]/#/ttmesh_}")
  targets=("${targets[@]/%/_test}")
  scripts/build.sh tsan "${targets[@]}"
  ctest --preset tsan --tests-regex "^($(IFS='|' && echo "${layers[*]}"))\$"
}

tidy() {
  scripts/build.sh tidy
}

case "${1:-all}" in
  all)
    format
    tidy
    asan
    tsan
    echo "all checks passed"
    ;;
  format | asan | tsan | tidy) "$1" ;;
  *)
    echo "usage: $0 [format|asan|tsan|tidy]" >&2
    exit 2
    ;;
esac
