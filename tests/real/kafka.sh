#!/usr/bin/env bash
# kafka.sh BUILD_DIR: the integration suite against a real Apache Kafka. Exit status 77 where none can be run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${1:?usage: tests/real/kafka.sh BUILD_DIR}
dev_kafka=$here/../../deploy/dev-kafka

"$dev_kafka" available
work=$(mktemp -d "${TMPDIR:-/tmp}/kafka.XXXXXX")
clean_up() {
    "$dev_kafka" kill --dir "$work"
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

"$dev_kafka" start --dir "$work"
# The suite restarts it.
export WN_KAFKA_DIR=$work
"$here/suite.sh" "$build" "$(cat "$work/bootstrap")" kafka
