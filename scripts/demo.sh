#!/usr/bin/env bash
# From a fresh clone to the main job: the MLP of Llama-3.3-70B, decoding for 32 users, on an
# emulated 4x8 Galaxy. Arguments are passed on to `ttmesh run`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/build.sh release ttmesh
exec build/release/bin/ttmesh run mlp --model llama-3.3-70b -t topologies/tg.yaml \
  --mode decode --batch 32 --weight-dtype mixed "$@"
