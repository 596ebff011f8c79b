#!/usr/bin/env bash
# pages.sh BUILD_DIR: what the verbs print for --help, the man pages and the completion agree: each verb that a program names
# has a part of its page, each option that a help text mentions is an item there, in the page and in the completion, and
# nothing else is. (That help texts name what the parsers know is the business of tests/flow/cli_test.sh.) The pages have no
# finding of mandoc, and the page of the configuration has exactly the options that `check --describe` has.
set -euo pipefail
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: pages.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/pages-lint.XXXXXX")
trap 'rm -rf "$work"' EXIT
failures=0

# result NAME FILE: the test passes when the file has no lines.
result() {
    if [[ -s $2 ]]; then
        head -n 20 "$2"
        echo "not ok lint.pages.$1"
        failures=$((failures + 1))
    else
        echo "ok lint.pages.$1"
    fi
}

same() { # NAME WANTED FOUND
    diff "$2" "$3" >"$work/diff" || true
    result "$1" "$work/diff"
}

# The options of one verb in its page, dashes as they are typed.
page_options() { # PAGE VERB
    awk -v verb="$2" '/^\.S[sh] /{ inside = $0 == ".Ss " verb } inside && /^\.It Fl/' "$1" | sed 's/"[^"]*"//g; s/\\-/-/g' |
        grep -oE 'Fl [A-Za-z0-9-]+' | sed 's/^Fl /-/' | sort -u || true
}

# What the completion offers behind the words given.
offers() {
    # shellcheck source=/dev/null
    (source "$work/man/wrongnumber.bash" && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) && cd "$work/empty" &&
        _wrongnumber && printf '%s\n' "${COMPREPLY[@]}") | sed '/^$/d' | sort -u
}

mkdir "$work/empty"
"$here/../../deploy/pages/make" "$build" "$work/man"

for program in wrongnumber wrongnumber-bench; do
    page=$work/man/$program.1
    # The verbs are what stands in the table of main.c.
    source_file=processor/main.c
    [[ $program == wrongnumber ]] || source_file=bench/main.c
    sed -nE 's/^ *\{"([a-z-]+)", [a-z_]+,.*/\1/p' "$here/../../$source_file" | sort >"$work/verbs"
    [[ -s $work/verbs ]] || echo "no verbs are in $source_file" >>"$work/verbs"
    sed -n '/^\.Sh VERBS/,/^\.Sh [^V]/s/^\.Ss //p' "$page" | sort >"$work/pages"
    grep -v ' ' "$work/pages" >"$work/found"
    same "$program.verbs" "$work/verbs" "$work/found"
    offers "$program" '' | grep -v '^--' >"$work/found"
    same "$program.verbs_completed" "$work/verbs" "$work/found"

    # The verbs that a verb has itself are those of the table in its own file.
    while read -r verb; do
        grep -ohE "\{\"[a-z-]+\", ${verb}_[a-z_]+" "$here/../../${source_file%/main.c}"/{commands/,}"$verb.c" 2>/dev/null |
            sed -E 's/^\{"([a-z-]+)".*/'"$verb"' \1/' || true
    done <"$work/verbs" | sort >"$work/wanted"
    grep ' ' "$work/pages" >"$work/found" || true
    same "$program.own_verbs" "$work/wanted" "$work/found"

    while read -r verb; do
        read -ra words <<<"$verb"
        # shellcheck disable=SC2016 # the quotes are those of the text
        # Bare words with dashes; what stands in `quotes` is another command's.
        "$build/$program" "${words[@]}" --help | sed -E '/ VERB --help/d' | sed -E 's/`[^`]*`|\(kcat [^)]*\)//g' | grep -oE '(^|[^A-Za-z0-9-])--?[A-Za-z][A-Za-z0-9-]*' |
            sed -E 's/^[^-]*//' | grep -E '^(--[a-z].+|-[A-Za-z])$' | sort -u >"$work/wanted" || true
        page_options "$page" "$verb" >"$work/found"
        name=$program.${verb// /.}
        same "$name.page" "$work/wanted" "$work/found"
        offers "$program" "${words[@]}" - >"$work/found"
        same "$name.completion" "$work/wanted" "$work/found"
    done <"$work/pages"
done

"$build/wrongnumber" check --describe | grep '^[^ ]' | sort >"$work/wanted"
sed -nE 's/^\.It Cm "(.*)"/\1/p' "$work/man/wrongnumber.yaml.5" | sort >"$work/found"
same yaml.options "$work/wanted" "$work/found"

[[ $(offers wrongnumber watch --from '') == $'beginning\nend' ]] || echo "watch --from offers others" >"$work/values"
[[ $(offers wrongnumber run -c "$work/none") == "" ]] || echo "-c offers what is not there" >>"$work/values"
[[ $(offers wrongnumber run -c "$work/ma") == "$work/man" ]] || echo "-c offers no files" >>"$work/values"
touch "$work/values"
result completion.values "$work/values"

if command -v mandoc >/dev/null; then
    # The pages refer to one another; they are found where they will be installed only.
    mandoc -Tlint "$work"/man/*.[15] 2>&1 |
        grep -vE 'referenced manual not found: Xr wrongnumber(-bench 1|\.yaml 5| 1)' >"$work/lint" || true
    result mandoc "$work/lint"
else
    echo "skip lint.pages.mandoc (there is no mandoc)"
fi
((failures == 0))
