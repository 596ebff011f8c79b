#!/usr/bin/env bash
# stories.sh BUILD_DIR [STORY.case...]: runs the stories of this folder (README.md) through `wrongnumber-bench replay`,
# with the relationships in memory and in a private Redis, in batches of 1, 7 and 1000. KEEP=1 keeps the files.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: stories.sh BUILD_DIR [STORY.case...]}" && pwd)
shift
if (($# == 0)); then
    set -- "$here"/*.case
fi
/usr/bin/env python3 -c 'import jsonschema' 2>/dev/null || {
    echo "python3-jsonschema is missing"
    exit 77
}
work=$(mktemp -d "${TMPDIR:-/tmp}/stories.XXXXXX")
# shellcheck source=tests/support/flow.sh
source "$here/../support/flow.sh"

clean_up() {
    end_redis
    if [[ -n ${KEEP:-} ]]; then
        echo "kept $work"
    else
        rm -rf "$work"
    fi
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

start_redis

mkdir "$work/out"
python3 -B "$here/run_story.py" "$build" "$work/redis.sock" "$work/out" "$@"
