#!/usr/bin/env bash
# redis_keys_examples.sh BUILD: the worked examples of schemas/redis-keys.md, recomputed in Python and loaded by the program.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec python3 -B "$here/redis_keys_examples.py" "$here/../../schemas/redis-keys.md" "${1:?usage: redis_keys_examples.sh BUILD}"
