#!/usr/bin/env bash
# transactional.sh BUILD_DIR [--kills N] [--stop SECONDS] [--seed N]: `delivery: transactional` alone on a real Apache Kafka,
# N kill -9s (10) at random moments, the broker standing still in between (12 s: longer than a call may take). Exit status
# 77 where no Kafka can be run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
usage() {
    sed -n 's/^# \(transactional.sh\)/usage: tests\/real\/\1/p' "${BASH_SOURCE[0]}" >&2
    exit 64
}
(($# > 0)) || usage
build=$1
shift
export WN_KILLS=10 WN_STOP_SECONDS=12
while (($# > 1)); do
    case $1 in
    --kills) WN_KILLS=$2 ;;
    --stop) WN_STOP_SECONDS=$2 ;;
    --seed) export WN_SEED=$2 ;;
    *) usage ;;
    esac
    shift 2
done
(($# == 0)) || usage
WN_CASES="transactional aborted" exec "$here/kafka.sh" "$build"
