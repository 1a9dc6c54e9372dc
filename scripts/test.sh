#!/usr/bin/env bash
# From a fresh clone to all tests passed. Arguments are passed on to ctest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/build.sh release
ctest --preset release "$@"
