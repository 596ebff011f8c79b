#!/bin/sh
# emitted.sh BUILD_DIR: every kind of record that the encoders can write, validated against its schema. The unit tests
# in BUILD_DIR write their records to a folder for it.
set -eu

if [ $# -ne 1 ] || [ ! -d "$1" ]; then
    echo "usage: emitted.sh BUILD_DIR" >&2
    exit 64
fi
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
samples=$(mktemp -d)
trap 'rm -rf "$samples"' EXIT

for test in unit_emit unit_emit_alert unit_control_state unit_dead_letter unit_file_sink; do
    if ! WN_EMIT_SAMPLES=$samples "$build/tests/$test" > "$samples/log" 2>&1; then
        cat "$samples/log" >&2
        echo "emitted.sh: $test fails" >&2
        exit 1
    fi
done

failed=0
for schema in verdict alert quarantine-command quarantine-state control-state dead-letter-line; do
    if [ ! -s "$samples/$schema.ndjson" ]; then
        echo "emitted.sh: no test wrote a record of $schema" >&2
        failed=1
    elif ! python3 "$here/validate.py" --ndjson "$schema" "$samples/$schema.ndjson"; then
        failed=1
    fi
done
exit $failed
