#!/usr/bin/env bash
# quickstart.sh BUILD_DIR: deploy/quickstart with programs that are built already: what it shows, what it leaves behind,
# and what it does when something is wrong.
set -uo pipefail

build=$(cd "${1:?usage: tests/flow/quickstart.sh BUILD_DIR}" && pwd)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# A short path, whatever TMPDIR is: a Unix socket comes into it. With a space, because paths have them.
work=$(mktemp -d "/tmp/q s.XXXXXX")
failures=0

clean_up() {
    "$root/deploy/quickstart" --stop --dir "$work/kept" >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

if ! command -v kcat >/dev/null || ! command -v redis-server >/dev/null; then
    echo "skip quickstart (there is no kcat or no redis-server)"
    exit 77
fi

# check NAME COMMAND...
check() {
    local name=$1
    shift
    if "$@"; then
        echo "ok $name"
    else
        echo "not ok $name"
        tail -n 12 "$work"/*.out 2>/dev/null
        failures=$((failures + 1))
    fi
}

# Its temporary folders come into ours, so that what it leaves behind is seen.
mkdir "$work/tmp"
export WN_BUILD_DIR=$build
quickstart() { TMPDIR=$work/tmp "$root/deploy/quickstart" --no-install "$@" </dev/null; }
# Sets `started`, which is the process itself, to wait for and to send signals to.
start_quickstart() {
    TMPDIR=$work/tmp "$root/deploy/quickstart" --no-install "$@" </dev/null &
    started=$!
}
keep_one() { quickstart --keep --dir "$work/kept" >"$work/kept.out" 2>&1; }
stop_kept() { quickstart --stop --dir "$work/kept" >"$work/stop.out" 2>&1 && says '^stopped' stop.out; }

# Prints the command lines of processes that have our folder in theirs.
left_behind() {
    local proc
    for proc in /proc/[0-9]*; do
        if [[ ${proc#/proc/} != "$$" ]] && grep -qsaF "$work/$1" "$proc/cmdline"; then
            tr '\0' ' ' 2>/dev/null <"$proc/cmdline"
            echo
        fi
    done
}
leaves_nothing() { [[ -z $(left_behind "$1") ]]; }

says() { grep -qE "$1" "$work/$2"; }
is_exact() {
    says 'messages judged  +24,000 of 24,000, each of them once$' "$1" && says 'wrongly flagged  +0$' "$1" &&
        says 'missed  +0$' "$1" && says 'all as labelled$' "$1" &&
        says 'incident  +campaign spring-list of ' "$1" && says 'likely cause  +wrong_list$' "$1" &&
        says 'hold +quarantine +campaign spring-list ' "$1"
}
is_refused() {
    local expected=$1 rc=0
    shift
    quickstart "$@" >"$work/refused.out" 2>&1 || rc=$?
    ((rc == expected))
}

# Two at once, one of them to be left running.
start_quickstart >"$work/plain.out" 2>&1
check "a second one at the same time succeeds" keep_one
check "quickstart succeeds" wait "$started"
for run in plain kept; do
    check "$run: the table is exact, the batch held" is_exact "$run.out"
done
check "without a terminal there is no escape sequence" test -z "$(grep -l $'\e\|\r' "$work"/*.out)"
check "no process is left behind" leaves_nothing tmp
check "no folder is left behind" test -z "$(ls -A "$work/tmp")"

# What it says to try works as written.
try_all() {
    local line
    grep '^    [/gk]' "$work/kept.out" >"$work/commands"
    (($(wc -l <"$work/commands") == 5)) || return 1
    while IFS= read -r line; do
        line=${line/% --from beginning/ --from beginning --seconds 2}
        if ! bash -o pipefail -c "$line" >"$work/tried" 2>&1 </dev/null ||
            [[ ! -s $work/tried && $line != *' replay '* ]]; then
            echo "$line"
            cat "$work/tried"
            return 1
        fi
    done <"$work/commands"
}
check "kept: the five commands to try work as written" try_all
check "kept: replay gives the same number of verdicts" \
    test "$(wc -l <"$work/kept/replay/verdicts.ndjson")" -eq "$(wc -l <"$work/kept/verdicts.out")"
check "kept: three processes run on" test "$(left_behind kept | wc -l)" -eq 3
check "kept: --stop ends them" stop_kept
check "kept: no process is left behind" leaves_nothing kept

check "an unknown option is refused" is_refused 64 --nonsense
mkdir "$work/foreign"
echo mine >"$work/foreign/file"
check "a folder with something else in it is refused" is_refused 64 --dir "$work/foreign"
check "and left as it was" test "$(ls -A "$work/foreign")" = file

# Broken off in the middle, it cleans up.
start_quickstart --dir "$work/broken off" >"$work/broken.out" 2>&1
deadline=$((SECONDS + 60))
until says 'streams the day' broken.out || ((SECONDS > deadline)); do
    sleep 0.1
done
kill -TERM "$started"
rc=0
wait "$started" || rc=$?
check "a signal ends it (exit $rc)" test "$rc" -ne 0
check "and leaves no process behind" leaves_nothing "broken off"
((failures == 0))
