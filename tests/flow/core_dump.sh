#!/usr/bin/env bash
# core_dump.sh BUILD_DIR: a process that dies leaves no memory behind: no core file, and none piped into a program, also
# where the limits would allow one; and nobody of the same user may attach to it.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${1:?usage: core_dump.sh BUILD_DIR}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/core.XXXXXX")
# shellcheck source=tests/support/flow.sh
source "$here/../support/flow.sh"
trap 'rm -rf "$work"' EXIT

# die SIGNAL COMMAND...: prints whether the command, killed by the signal once it waits for its input, dumped core
die() {
    (cd "$work" && python3 - "$@") <<'END'
import os, resource, signal, subprocess, sys, time
number = getattr(signal, sys.argv[1])

def allow():
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

child = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL, preexec_fn=allow)
# It waits for its input when it sleeps and has used no more processor time since the look before.
deadline, before = time.monotonic() + 20, None
while time.monotonic() < deadline:
    with open(f"/proc/{child.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    now = (fields[0], fields[11], fields[12])
    if now == before and fields[0] == "S":
        break
    before = now
    time.sleep(0.05)
with open(f"/proc/{child.pid}/limits") as limits:
    limit = next(line.split()[4] for line in limits if line.startswith("Max core file size"))
os.kill(child.pid, number)
_, status = os.waitpid(child.pid, 0)
killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == number
print("killed" if killed else "ended", "limit", limit, "core" if os.WCOREDUMP(status) else "no-core",
      "file" if any(name.startswith("core") for name in os.listdir(".")) else "no-file")
END
}

# A build with sanitizers catches the signal itself; SIGQUIT it leaves alone.
control=$(die SIGQUIT cat)
rm -f "$work"/core*
if [[ $control != *" core "* ]]; then
    echo "  (here even cat, killed by SIGQUIT, dumps nothing: $control)"
fi
expect "explain leaves no core" "$(die SIGQUIT "$build/wrongnumber" explain)" "killed limit 0 no-core no-file"
expect "nor does the bench tool" \
    "$(die SIGQUIT "$build/wrongnumber-bench" replay --events - --relationships /dev/null --out "$work/out")" \
    "killed limit 0 no-core no-file"

# The owner of a process's files in /proc is root once it may not be dumped; root itself sees no difference.
if ((EUID != 0)); then
    mkfifo "$work/fifo"
    "$build/wrongnumber" explain <"$work/fifo" >/dev/null 2>&1 &
    explain=$!
    exec 7>"$work/fifo"
    for ((i = 0; i < 500; i++)); do
        [[ $(stat -c %u "/proc/$explain/maps" 2>/dev/null) != 0 ]] || break
        sleep 0.01
    done
    check "its memory is not its user's to read" bash -c "test -d /proc/$explain && ! cat /proc/$explain/maps"
    exec 7>&-
    wait
fi
((failures == 0))
