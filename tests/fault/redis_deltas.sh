#!/usr/bin/env bash
# redis_deltas.sh BUILD_DIR [--long] [--seed N]: full loads and deltas beside each other, either killed at random; no record
# is lost. See redis_deltas.py.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: redis_deltas.sh BUILD_DIR [--long] [--seed N]}" && pwd)
shift
exec python3 -B "$here/redis_deltas.py" "$build" "$@"
