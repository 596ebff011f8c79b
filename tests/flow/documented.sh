#!/usr/bin/env bash
# documented.sh BUILD_DIR: every command of the README, the RUNBOOK and the guides is executed as it is written (documented.py).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: documented.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/documented.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 143' TERM INT HUP
python3 -B "$here/documented.py" "$build" "$work"
