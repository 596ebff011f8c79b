# ledger.sh: counts test results. Sourced by tests/run.
#
# A test script says on stdout what it found, one line a case: `ok NAME`, `not ok NAME`, `skip NAME (reason)`. A script that
# ends badly without a `not ok` of its own is a failure too; one that ends well and says nothing is one passed test.
# Exit status 77 without a line is one skipped test.
# shellcheck shell=bash disable=SC2154 # logs and scratch are set by tests/run

passed=0 failed=0 skipped=0
failed_names=()
declare -A started=() # name -> process

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    red=$'\e[31m' green=$'\e[32m' dim=$'\e[2m' plain=$'\e[0m'
else
    red='' green='' dim='' plain=''
fi

# ledger_add NAME PASSED FAILED SKIPPED SECONDS: adds the results of one step and shows them on one line.
ledger_add() {
    local name=$1 colour=$green
    passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
    if (($3 > 0)); then
        colour=$red
        failed_names+=("$name")
    fi
    printf '  %-28s %s%4d passed %3d failed %3d skipped%s  %s%4d s%s\n' "$name" "$colour" "$2" "$3" "$4" "$plain" \
        "$dim" "$5" "$plain"
}

# ledger_fail NAME TEXT: one failure that has no output of its own.
ledger_fail() {
    ledger_add "$1" 0 1 0 0
    printf '      not ok %s (%s)\n' "$1" "$2"
}

# ledger_skip NAME REASON
ledger_skip() {
    ledger_add "$1" 0 0 1 0
    printf '      skip %s (%s)\n' "$1" "$2"
}

# ledger_show LOG: a failed step's output, whole, set off from ours.
ledger_show() {
    printf '%s\n' "      ---- $1"
    sed 's/^/      | /' "$1"
    printf '%s\n' "      ----"
}

# ledger_start NAME SECONDS COMMAND...: starts a test script, for at most so many seconds, in a scratch folder of its own
# (TMPDIR). Others may run beside it until ledger_finish NAME waits for its end and adds what it said.
ledger_start() {
    local name=$1 limit=$2 begin=$SECONDS
    shift 2
    mkdir -p "$scratch/$name"
    # In the background, so that a signal to us is heard at once; and without bash's own word on a script that was killed.
    {
        {
            local rc=0
            TMPDIR=$scratch/$name timeout --kill-after=10 "$limit" "$@" >"$logs/$name.log" 2>&1 </dev/null || rc=$?
            ended "$rc" "$limit" $((SECONDS - begin)) >"$scratch/$name.ended"
        } &
        started[$name]=$!
    } 2>/dev/null
}

# ended RC LIMIT SECONDS: prints the seconds and, where a script did not come to its end by itself, how it was stopped.
ended() {
    local why="exit status $1"
    if (($1 == 124 || ($1 == 137 && $3 >= $2))); then
        why="stopped after $2 s"
    fi
    printf '%s %s %s\n' "$3" "$1" "$why"
}

ledger_finish() {
    local name=$1 log=$logs/$1.log seconds=0 rc=70 why='did not run' ok bad skip
    wait "${started[$name]}" 2>/dev/null || true
    unset "started[$name]"
    read -r seconds rc why <"$scratch/$name.ended" || true
    ok=$(grep -c '^ok ' "$log") || true
    bad=$(grep -c '^not ok ' "$log") || true
    skip=$(grep -c '^skip ' "$log") || true
    if [[ $why == stopped* ]]; then
        bad=$((bad + 1))
    elif ((rc == 77 && ok + bad + skip == 0)); then
        skip=1 why=''
        echo "skip $name ($(tail -n 1 "$log"))" >>"$log"
    elif ((rc != 0 && bad == 0)); then
        bad=1
    elif ((ok + bad + skip == 0)); then
        ok=1 why=''
    else
        why=''
    fi
    ledger_add "$name" "$ok" "$bad" "$skip" "$seconds"
    if ((bad > 0)); then
        ledger_show "$log"
    fi
    if [[ -n $why ]]; then
        printf '      not ok %s (%s)\n' "$name" "$why"
    fi
    grep '^skip ' "$log" | sed 's/^/      /' || true
}

# ledger_run NAME SECONDS COMMAND...: both, one after the other.
ledger_run() {
    ledger_start "$@"
    ledger_finish "$1"
}

# ledger_ctest NAME BUILD_DIR REGEX SECONDS: runs the ctest tests whose names match, and adds each as one test.
ledger_ctest() {
    local name=$1 build=$2 regex=$3 limit=$4 begin=$SECONDS rc=0 all bad skip
    local log=$logs/$name.log report=$logs/$name.xml
    mkdir -p "$scratch/$name"
    rm -f "$report"
    TMPDIR=$scratch/$name ctest --test-dir "$build" -R "$regex" -j 2 --timeout "$limit" --output-on-failure \
        --no-tests=ignore --output-junit "$report" >"$log" 2>&1 </dev/null || rc=$?
    all=$(grep -c '<testcase ' "$report" 2>/dev/null) || all=0
    # In the report a test that ended with its SKIP_RETURN_CODE is "notrun", and so is one whose program is missing; only
    # the second is a failure.
    skip=$(grep -c '<skipped message="SKIP_' "$report" 2>/dev/null) || skip=0
    bad=$(grep -cE '<testcase .*status="(fail|notrun)"' "$report" 2>/dev/null) || bad=0
    bad=$((bad - skip))
    if ((all == 0 || (rc != 0 && bad == 0))); then
        bad=$((bad + 1)) all=$((all + 1))
    fi
    ledger_add "$name" $((all - bad - skip)) "$bad" "$skip" $((SECONDS - begin))
    if ((bad > 0)); then
        ledger_show "$log"
    fi
}
