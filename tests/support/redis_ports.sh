# redis_ports.sh: private redis-servers for flow tests. Sourced; each is in $servers, for whoever ends them.
# shellcheck shell=bash

# free_ports N: ports whose cluster bus (10,000 above) is free too, at random: another run may look for some at the same moment
free_ports() {
    python3 -c '
import random, socket, sys
found = []
for port in random.sample(range(20000, 32000), 12000):
    held = []
    try:
        for p in (port, port + 10000):
            s = socket.socket(); held.append(s); s.bind(("127.0.0.1", p))
        found.append(port)
    except OSError:
        pass
    finally:
        for s in held: s.close()
    if len(found) == int(sys.argv[1]): break
print(*found)' "$1"
}

redis_answers() { [[ $(redis-cli -p "$1" PING 2>/dev/null) == PONG ]]; }

# serve DIR PORT ARGUMENT...: a redis-server with a folder of its own in DIR, started and answering
serve() {
    local dir=$1 port=$2 tries
    shift 2
    mkdir -p "$dir/$port"
    redis-server "$@" --port "$port" --bind 127.0.0.1 --dir "$dir/$port" >"$dir/$port/log" 2>&1 &
    servers+=($!)
    for ((tries = 0; tries < 400; tries++)); do
        ! redis_answers "$port" || return 0
        sleep 0.05
    done
    echo "redis-server on port $port does not answer" >&2
    exit 1
}
