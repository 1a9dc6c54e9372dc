#!/usr/bin/env bash
# Installs the Debian or Ubuntu packages that ttmesh is built from; says nothing if all are there.
#
#   scripts/install_dependencies.sh           what the build, the tests and the benchmarks need
#   scripts/install_dependencies.sh --checks  clang-format and clang-tidy too, for scripts/check.sh
#   scripts/install_dependencies.sh --coverage  gcovr too, for scripts/coverage.sh
set -euo pipefail

packages=(
  ccache
  cmake
  g++
  gnuplot-nox
  libasio-dev
  libbenchmark-dev
  libcaf-dev
  libcli11-dev
  libdnnl-dev
  libfmt-dev
  libgmock-dev
  libgtest-dev
  libhwy-dev
  libmsgpack-cxx-dev
  libopenmpi-dev
  libprotobuf-dev
  libxxhash-dev
  libyaml-dev
  ninja-build
  nlohmann-json3-dev
  openmpi-bin
  protobuf-compiler
)

case "${1:-}" in
  '') ;;
  --checks) packages+=(clang-format clang-tidy) ;;
  --coverage) packages+=(gcovr) ;;
  *)
    echo "usage: $0 [--checks|--coverage]" >&2
    exit 2
    ;;
esac

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ "$status" == installed ]] || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

as_root=()
if [[ $EUID -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "$0: not root and no sudo; install these packages first: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Quiet unless it fails.
apt() {
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >"$log" 2>&1; then
    cat "$log" >&2
    echo "$0: apt-get $1 failed" >&2
    exit 1
  fi
}

echo "installing ${missing[*]}"
apt update
apt install --yes --no-install-recommends "${missing[@]}"
