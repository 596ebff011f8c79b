#!/usr/bin/env bash
# redis.sh BUILD_DIR [--long] [FAULT...]: what the cache does wrong never makes a healthy message misdirected, is told soon
# and is soon over: `wrongnumber run` between a sandbox broker and a private Redis under a steady stream. See
# redis_faults.py.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: redis.sh BUILD_DIR [--long] [FAULT...]}" && pwd)
shift
exec python3 -B "$here/redis_faults.py" "$build" "$@"
