#!/usr/bin/env bash
# short.sh BUILD_DIR: the fault suite's short form, on the built-in broker.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec "$here/run" --jobs 4 --build "${1:?usage: tests/fault/short.sh BUILD_DIR}"
