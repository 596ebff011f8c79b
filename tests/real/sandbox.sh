#!/usr/bin/env bash
# sandbox.sh BUILD_DIR: the integration suite against the broker that is built into wrongnumber-bench.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${1:?usage: tests/real/sandbox.sh BUILD_DIR}

work=$(mktemp -d "${TMPDIR:-/tmp}/sandbox.XXXXXX")
pid=
clean_up() {
    if [[ -n $pid ]]; then
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

"$build/wrongnumber-bench" sandbox --bootstrap-file "$work/bootstrap" >"$work/log" 2>&1 </dev/null &
pid=$!
deadline=$((SECONDS + 20))
until [[ -s $work/bootstrap ]]; do
    if ! kill -0 "$pid" 2>/dev/null || ((SECONDS >= deadline)); then
        cat "$work/log"
        echo "not ok sandbox starts"
        exit 1
    fi
    sleep 0.05
done
"$here/suite.sh" "$build" "$(cat "$work/bootstrap")" sandbox
