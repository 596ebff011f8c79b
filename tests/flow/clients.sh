#!/usr/bin/env bash
# clients.sh BUILD_DIR: the example sender, loader and teller of alerts of schemas/clients do what schemas/integration.md says.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: clients.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/clients.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 143' TERM INT HUP
python3 -B "$here/clients.py" "$build" "$work"
