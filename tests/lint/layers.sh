#!/usr/bin/env bash
# layers.sh: the folders are the architecture. Fails when a file includes what its room may not know, when an outside
# library is included outside of the files that wrap it, when a banned function is called, or when a file is too long.
#
# A file of more than 450 lines (a test with its tables: 700) is allowed when one of its first 20 lines says why: "Long
# because ...".
# Prints one `ok`/`not ok` line a rule, and before it the offending lines as file:line:text.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 70

stages=(consume decode enrich judge tally fold detect decide emit)
failures=0

# Reads offending lines on stdin and prints the rule's result.
verdict() {
    local rule=$1 found
    found=$(cat)
    if [[ -z $found ]]; then
        echo "ok $rule"
    else
        printf '%s\n' "$found"
        echo "not ok $rule"
        failures=$((failures + 1))
    fi
}

sources() { find "$@" -type f \( -name '*.c' -o -name '*.h' -o -name '*.cc' -o -name '*.inc' \) 2>/dev/null; }

# Prints `file:line:header` of every include: one pass, which the rules below filter.
includes=$(sources common processor bench tests | sort | xargs grep -nE '^[[:space:]]*#[[:space:]]*include' |
    sed -E 's/^([^:]+:[0-9]+:)[[:space:]]*#[[:space:]]*include[[:space:]]*/\1/')
# The same tree without comments and string literals, for the banned words.
# shellcheck disable=SC2016 # the program is awk's
code=$(sources common processor bench tests | sort | xargs awk '
    FNR == 1 { comment = 0 }
    {
        line = $0
        gsub(/\\./, "", line)
        gsub(/"[^"]*"/, "\"\"", line)
        out = ""
        while (line != "") {
            if (comment) {
                at = index(line, "*/")
                if (at == 0) break
                line = substr(line, at + 2)
                comment = 0
            } else {
                at = index(line, "/*")
                slash = index(line, "//")
                if (slash && (!at || slash < at)) { out = out substr(line, 1, slash - 1); break }
                if (!at) { out = out line; break }
                out = out substr(line, 1, at - 1)
                line = substr(line, at + 2)
                comment = 1
            }
        }
        if (out ~ /[^ \t]/) print FILENAME ":" FNR ":" out
    }')

# Includes of `header` (a regular expression on the text behind #include) from outside of `allowed` (one on the path).
only_in() {
    local header=$1 allowed=$2
    grep -E "^[^:]+:[0-9]+:$header" <<<"$includes" | grep -vE "^$allowed"
}
# Includes of `header` from inside of `room`.
not_in() {
    local header=$1 room=$2
    grep -E "^${room}[^:]*:[0-9]+:$header" <<<"$includes"
}
# Calls of `words` in the files whose path matches `room`.
calls_of() {
    local words=$1 room=${2:-}
    grep -E "^${room}[^:]*:[0-9]+:(.*[^A-Za-z0-9_.>])?($words)[[:space:]]*\(" <<<"$code"
}

# --- who may include whom --------------------------------------------------------------------------------------------

any_stage=$(IFS='|' && echo "${stages[*]}")
for stage in "${stages[@]}"; do
    not_in "\"(processor/)?($any_stage)/" "processor/$stage/" | grep -vE ":\"(processor/)?$stage/"
done | verdict "a stage never includes another stage"

not_in '"(processor/)?(fold|detect|decide)/' 'processor/judge_line\.' |
    verdict "the judge line knows no stage of the detect half"
not_in '"(processor/)?(consume|decode|enrich|judge|tally)/' 'processor/detect_line(_[a-z]+)?\.' |
    verdict "the detect line knows no stage of the judge half"
not_in '"' common/ | grep -vE ':"common/' | verdict "common includes nobody"
not_in '"' processor/model/ | grep -vE ':"(common|model|processor/model)/' |
    verdict "model includes only common and itself"
not_in '"(bench|tests)/' '(common|processor)/' | verdict "the product knows neither bench nor tests"
not_in '"tests/' bench/ | verdict "bench does not know the tests"
only_in '"([^"]*/)?(judge_line|detect_line)\.h"' \
    '(processor/((judge|detect)_line(_[a-z]+)?\.|main\.|commands/|run/)|bench/|tests/)' |
    verdict "only verbs, bench and tests include a line"
only_in '"[^"]*\.\./' 'nowhere' | verdict "no include goes up"

# --- each outside library in the files that wrap it --------------------------------------------------------------------

only_in '<librdkafka/' '(processor/kafka/|bench/sandbox|tests/)' | verdict "librdkafka is included in kafka/ and the sandbox"
only_in '<hiredis/' '(processor/redis/|tests/)' | verdict "hiredis is included in redis/"
only_in '[<"](cjson/)?cJSON' '(processor/(decode|emit|load|control)/|bench/|tests/)' |
    verdict "cJSON is included in decode/, emit/, load/, control/ and bench"
only_in '<openssl/' '(common/|processor/redis/|tests/)' | verdict "OpenSSL is included in common/ and redis/"
only_in '<libfyaml' '(common/conf|processor/policy/)' | verdict "libfyaml is included by the config reader"
only_in '<microhttpd' 'processor/ops/' | verdict "libmicrohttpd is included in ops/"
only_in '<phonenumbers/' 'processor/identity/phone_libphonenumber\.cc' |
    verdict "libphonenumber is included in one file"
only_in '<CUnit/' 'tests/' | verdict "CUnit is included in tests/"
grep -E ':"[^"]*\.pb-c\.h"' <<<"$includes" | grep -v '^tests/' | sed -E 's/^([^:]+):[0-9]+:"([^"]*)"$/\2 \1/' | sort -u |
    awk '{ count[$1]++; where[$1] = where[$1] " " $2 } END { for (h in count) if (count[h] > 1) print h ":" where[h] }' |
    verdict "each protobuf message has one codec file"

# --- what no file may call ---------------------------------------------------------------------------------------------

calls_of 'sprintf|vsprintf|strcpy|strcat|strncat|strtok|strtok_r|gets|atoi|atol|atoll|atof|alloca|cJSON_GetObjectItem' |
    verdict "no banned function"
calls_of 'system|popen|exec[lv]p?e?' '(common|processor|bench)/' | verdict "the product starts no other program"
calls_of 'time|gettimeofday|clock_gettime|clock_wall|clock_mono|clock_cpu_ns|rand|random|getrandom|fopen|open|socket|usleep|nanosleep|getenv' \
    'processor/(judge|tally|fold|detect|decide)/' | verdict "pure stages read no clock, file, network or chance"
not_in '<(math|time|sys/socket|pthread)\.h>' 'processor/(fold|detect|decide|judge|tally)/' |
    verdict "pure stages include no libm, clock, socket or thread"
calls_of 'exit|_exit|abort' '(common|processor)/' | grep -vE '^(common/assure\.c|processor/(main\.c|commands/))' |
    verdict "only main, verbs and the assert end the process"

# --- form --------------------------------------------------------------------------------------------------------------

sources common processor bench tests | sort | while IFS= read -r file; do
    lines=$(wc -l <"$file")
    limit=450
    [[ $file != tests/* ]] || limit=700
    if ((lines > limit)) && [[ $file != *.inc ]] && ! head -n 20 "$file" | grep -q 'Long because'; then
        echo "$file:1: $lines lines, and its first lines do not say why (Long because ...)"
    fi
done | verdict "files are not too long, or say why"
sources common processor bench tests | grep '\.h$' | sort | xargs grep -L '^#pragma once' |
    verdict "every header has #pragma once"
grep -E '^[^:]+\.(c|h):[0-9]+:.*\btypedef (struct|enum|union)\b' <<<"$code" | verdict "no typedef hides a struct or enum"

((failures == 0))
