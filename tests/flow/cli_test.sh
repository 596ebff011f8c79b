#!/usr/bin/env bash
# cli_test.sh BUILD_DIR: what both programs promise to whoever calls them: --help of each verb names every option that its
# parser knows, wrong use is 64, and output that cannot be written is an error.
set -uo pipefail
export LC_ALL=C

build=$(cd "${1:?usage: cli_test.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/cli.XXXXXX")
trap 'rm -rf "$work"' EXIT
failures=0

pass() { echo "ok flow.cli.$1"; }
fail() {
    printf '  %s\nnot ok flow.cli.%s\n' "$2" "$1"
    failures=$((failures + 1))
}

# call PROGRAM [VERB [ARGUMENT...]]: the verb may be `audit verify`. Output in $work/out, talk in $work/err, exit status in $rc
call() {
    local -a words=()
    if (($# > 1)) && [[ $1 == "$build"/wrongnumber* ]]; then
        read -ra words <<<"$2"
        set -- "$1" "${words[@]}" "${@:3}"
    fi
    rc=0
    timeout 10 "$@" >"$work/out" 2>"$work/err" </dev/null || rc=$?
}

# expect_status NAME STATUS ARGUMENT...
expect_status() {
    local name=$1 status=$2
    shift 2
    call "$@"
    if [[ $rc == "$status" ]]; then
        pass "$name"
    else
        fail "$name" "exit status $rc, and not $status: $(head -c 300 "$work/err")"
    fi
}

# The verbs that `PROGRAM --help` names; in the place of one that has verbs itself, such as `audit verify`, those, and with
# one that wants a further word before its options, such as `audit hold list`, the first of these.
verbs_of() {
    local verb
    while read -r verb; do
        # shellcheck disable=SC2086 # a verb may be two words
        "$1" $verb --help 2>/dev/null | sed -nE "1s/^[Uu]sage: .* ($verb [a-z]+) .*/\\1/p" | grep . || printf '%s\n' "$verb"
    done < <(own_verbs_of "$1")
}
own_verbs_of() {
    local verb own
    for verb in $("$1" --help | sed -nE 's/^  ([a-z]+) +[a-z].*/\1/p'); do
        if "$1" "$verb" --help 2>/dev/null | grep -qE "^[Uu]sage: .* $verb VERB"; then
            own=$("$1" "$verb" --help | grep -v " VERB --help" | sed -nE "s/^  ([a-z]+) +[a-z].*/$verb \1/p")
            printf '%s\n' "${own:-$verb}"
        else
            printf '%s\n' "$verb"
        fi
    done
}

# The whole name of an option by a beginning of it that is enough, where the verb's own words hide getopt's.
complete_option() { # PROGRAM VERB PREFIX
    local letter
    for letter in {a..z} -; do
        call "$1" "$2" "--$3$letter"
        if ! grep -q 'is no option' "$work/err"; then
            complete_option "$1" "$2" "$3$letter"
            return
        fi
    done
    printf '%s\n' "$3"
}

# Asks getopt for the options that begin so, by calls that it has to refuse: it names what is ambiguous, what takes no
# argument and was given one, and what lacks its argument.
long_options() { # PROGRAM VERB PREFIX
    local known next
    call "$1" "$2" "--$3=x" --no-such-option
    known=$(sed -nE "s/.*possibilities: (.*)/\1/p; s/.*option '(--[a-z-]+)' doesn't allow an argument.*/\1/p" "$work/err")
    if [[ $known != *--* ]]; then
        call "$1" "$2" "--$3"
        known=$(sed -nE "s/.*possibilities: (.*)/\1/p; s/.*option '(--[a-z-]+)' requires an argument.*/\1/p" "$work/err")
    fi
    if grep -q 'lacks its value' "$work/err"; then
        complete_option "$1" "$2" "$3"
    fi
    for next in $known; do
        next=${next//\'/}
        printf '%s\n' "${next#--}"
    done
}

# The letters that getopt does not refuse.
short_options() { # PROGRAM VERB
    local letter
    for letter in {a..z} {A..Z}; do
        call "$1" "$2" "-$letter" --no-such-option
        if ! grep -qE "invalid option -- '$letter'|-$letter is no option" "$work/err"; then
            printf '%s\n' "$letter"
        fi
    done
}

check_help() { # PROGRAM VERB
    local program=$1 verb=$2 name letter option help missing='' count=0
    name=${program##*/}.$verb
    call "$program" "$verb" --help
    help=$(cat "$work/out")
    if [[ $rc != 0 || -s $work/err || ${help,,} != usage:* ]]; then
        fail "$name.help" "exit status $rc: $(head -c 300 "$work/err")"
        return
    fi
    for letter in {a..z}; do
        for option in $(long_options "$program" "$verb" "$letter"); do
            count=$((count + 1))
            if ! grep -qE -- "--$option([^a-z-]|\$)" <<<"$help"; then
                missing+=" --$option"
            fi
        done
    done
    for letter in $(short_options "$program" "$verb"); do
        count=$((count + 1))
        if ! grep -qE -- "(^|[^a-zA-Z-])-$letter([^a-zA-Z]|\$)" <<<"$help"; then
            missing+=" -$letter"
        fi
    done
    # Every verb knows --help and -h; finding none of them means that this test is blind.
    if [[ -n $missing || $count -lt 2 ]]; then
        fail "$name.help" "of $count options it does not name:$missing"
    else
        pass "$name.help"
    fi
}

check_program() {
    local program=$1 name=${1##*/} verb
    expect_status "$name.help" 0 "$program" --help
    expect_status "$name.no_verb" 64 "$program"
    expect_status "$name.unknown_verb" 64 "$program" no-such-verb
    while read -r verb; do
        check_help "$program" "$verb"
        expect_status "$name.$verb.unknown_long" 64 "$program" "$verb" --no-such-option
        expect_status "$name.$verb.unknown_short" 64 "$program" "$verb" -Z
        # shellcheck disable=SC2016 # for the inner shell, which splits a verb of two words
        expect_status "$name.$verb.help_full" 74 bash -c '"$0" $1 --help >/dev/full' "$program" "$verb"
    done < <(verbs_of "$program")
    call "$program" --version
    if [[ $rc == 0 ]] && grep -qxE "$name [0-9]+\.[0-9.]+" "$work/out" &&
        (($(grep -cE '^(librdkafka|hiredis|cJSON|OpenSSL|libfyaml|protobuf-c) [0-9]+\.[0-9.]+' "$work/out") == 6)); then
        pass "$name.version"
    else
        fail "$name.version" "$(cat "$work/out")"
    fi
    check_output "$name.version" "$program" --version
}

# Output that is full or closed is an error that is told; a reader that has gone away is no death.
check_output() { # NAME COMMAND...
    local name=$1
    shift
    call bash -c '"$@" >/dev/full' bash "$@"
    if [[ $rc == 74 ]] && grep -q 'standard output' "$work/err"; then
        pass "$name.full"
    else
        fail "$name.full" "exit status $rc: $(head -c 300 "$work/err")"
    fi
    call bash -c '"$@" >&-' bash "$@"
    if [[ $rc == 74 ]] && grep -q 'standard output' "$work/err"; then
        pass "$name.closed"
    else
        fail "$name.closed" "exit status $rc: $(head -c 300 "$work/err")"
    fi
    call bash -c '"$@" > >(:); exit $?' bash "$@"
    if ((rc < 128)); then
        pass "$name.gone"
    else
        fail "$name.gone" "exit status $rc"
    fi
}

wrongnumber=$build/wrongnumber
bench=$build/wrongnumber-bench
check_program "$wrongnumber"
check_program "$bench"

printf '{}\n' >"$work/config.yaml"
check_output wrongnumber.check.describe "$wrongnumber" check --describe
check_output wrongnumber.check.print "$wrongnumber" check -c "$work/config.yaml" --print
check_output wrongnumber.check.help "$wrongnumber" check --help
printf '%s\n' '{"message_id":"m","recipient":"+8613800000001","occurred_at":"2026-11-20T08:00:00Z"}' >"$work/event"
printf 'redis:\n  address: unix:%s\n' "$work/nobody.sock" >"$work/away.yaml"
# shellcheck disable=SC2016 # for the inner shell
check_output wrongnumber.explain bash -c '"$0" explain -c "$1" <"$2"' "$wrongnumber" "$work/away.yaml" "$work/event"
check_output bench.replay.help "$bench" replay --help

# Files that cannot be written or read.
mkdir "$work/empty"
: >"$work/nothing"
expect_status bench.replay.no_events 66 "$bench" replay --events "$work/missing" --relationships "$work/nothing" --out "$work/out1"
expect_status bench.replay.no_relationships 66 "$bench" replay --events "$work/nothing" --relationships "$work/missing" --out "$work/out2"
expect_status bench.replay.out_is_a_file 74 "$bench" replay --events "$work/nothing" --relationships "$work/nothing" --out "$work/nothing"
expect_status bench.replay.nothing_to_do 0 "$bench" replay --events "$work/nothing" --relationships "$work/nothing" --out "$work/out3"
expect_status bench.replay.both_sources 64 "$bench" replay --events "$work/nothing" --relationships "$work/nothing" --redis unix:/x --out "$work/out4"
expect_status bench.replay.bad_frame 64 "$bench" replay --events "$work/nothing" --relationships "$work/nothing" --out "$work/out5" --frame 0
expect_status bench.replay.bad_batch 64 "$bench" replay --events "$work/nothing" --relationships "$work/nothing" --out "$work/out6" --batch 1x
expect_status bench.replay.bad_verdicts 64 "$bench" replay --events "$work/nothing" --relationships "$work/nothing" --out "$work/out8" --verdicts some
expect_status bench.replay.verdicts_of_frames 64 "$bench" replay --tallies "$work/nothing" --out "$work/out9" --verdicts none
expect_status bench.replay.bad_config 78 "$bench" replay --events "$work/nothing" --relationships "$work/nothing" --out "$work/out7" -c "$work/event"
((failures == 0))
