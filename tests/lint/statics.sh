#!/usr/bin/env bash
# statics.sh BUILD_DIR: no mutable static or global variable is in the product but those that are allowed below, so that a
# test can have two of everything. Reads the symbol tables of the libraries that were built.
set -euo pipefail
build=${1:?usage: tests/lint/statics.sh BUILD_DIR}

# The stop flag, the log's level and format, cJSON's thread-local arena.
allowed='^(stop_|log_|json_arena|cjson_arena)'
libraries=()
for library in "$build"/libwn_core.a "$build"/libwn_bench.a; do
    [[ -s $library ]] && libraries+=("$library")
done
((${#libraries[@]} > 0)) || {
    echo "nothing is built in $build"
    exit 1
}
# Constants that hold addresses are in .data.rel.ro, which is read-only once the program runs.
found=$(objdump -t "${libraries[@]}" 2>/dev/null |
    awk -v allowed="$allowed" '
        /file format/ { object = $1 }
        / O / {
            section = ""
            for (i = 2; i < NF; i++) if ($i ~ /^\.(data|bss|tdata|tbss)/) section = $i
            if (section == "" || section ~ /^\.data\.rel\.ro/) next
            if (object ~ /\.cc\.o:$/ || $NF ~ allowed) next
            print object " " $NF " in " section
        }')
if [[ -n $found ]]; then
    printf '%s\n' "$found"
    echo "not ok no mutable static variable"
    exit 1
fi
echo "ok no mutable static variable"
