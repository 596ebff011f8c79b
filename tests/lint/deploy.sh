#!/usr/bin/env bash
# deploy.sh BUILD_DIR: the container image, the compose file and the Kubernetes manifests are well-formed, and what they say of
# one another and of the program is so (deploy_files.py). Runs no container: there is no engine here, and no cluster.
set -euo pipefail
export LC_ALL=C.UTF-8

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${1:?usage: deploy.sh BUILD_DIR}" && pwd)
cd "$root"
failures=0
# try NAME COMMAND...: the test passes when the command succeeds and says nothing.
try() {
    local name=$1 found status=0
    shift
    found=$("$@" 2>&1) || status=$?
    if ((status == 0)) && [[ -z $found ]]; then
        echo "ok lint.deploy.$name"
    else
        printf '  exit status %d: %s\nnot ok lint.deploy.%s\n' "$status" "$(head -n 20 <<<"$found")" "$name"
        failures=$((failures + 1))
    fi
}
skip() { echo "skip lint.deploy.$1 ($2)"; }

if command -v yamllint >/dev/null; then
    try yaml yamllint --strict -d '{extends: default, rules: {line-length: {max: 160}, document-start: disable, truthy: disable,
        comments: {min-spaces-from-content: 1}}}' deploy
else
    skip yaml "there is no yamllint"
fi
if command -v docker-compose >/dev/null; then
    try compose docker-compose -f deploy/compose/compose.yaml config -q
else
    skip compose "there is no docker-compose"
fi
# Not in Debian: where it is, it puts the manifests together as a cluster would get them.
if command -v kubectl >/dev/null; then
    # shellcheck disable=SC2016 # for the inner shell
    try kustomize bash -c 'kubectl kustomize deploy/kubernetes >/dev/null'
else
    skip kustomize "there is no kubectl"
fi
python3 tests/lint/deploy_files.py "$build" || failures=$((failures + 1))
((failures == 0))
