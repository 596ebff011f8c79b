"""What a live processor does: against its goals, over partitions, over processes, and on a Redis Cluster.

Each run has topics and groups of its own on one broker, and runs of different kinds take turns. Flat out means that
messages are sent as fast as the broker takes them."""

import pathlib

from stand import Failed, figure, free_port, load_average, ratios, wait_until

FORMS = {
    "smoke": {"flat": 4000, "scale": 4000, "customers": 4000, "rate": 1000, "seconds": 2, "runs": 1, "floor": 1, "partitions": [4], "processes": [1]},
    "quick": {"flat": 100_000, "scale": 100_000, "customers": 200_000, "rate": 5000, "seconds": 6, "runs": 1, "floor": 1, "partitions": [1, 16], "processes": [1, 2]},
    "whole": {
        "flat": 1_000_000,
        "scale": 400_000,
        "customers": 2_000_000,
        "rate": 10_000,
        "seconds": 12,
        "runs": 3,
        "floor": 3,
        "partitions": [1, 4, 16, 64],
        "processes": [1, 2, 4],
    },
}
PARTITIONS = {"kafka": 16, "sandbox": 4}
# Never more than this waits in the built-in broker, which keeps 5 MiB a partition.
SANDBOX_UNREAD = 40_000
# The options of runs that are compared with one another: nothing is measured beside them.
FLAT_OUT = ["--floors", "off", "--warmup", 0]


def load_day(stand, name, redis, day):
    config = stand.work / f"{name}.load.yaml"
    config.write_text(f"redis:\n{redis}", "utf-8")
    stand.call(stand.processor, "load", "-c", config, day / "relationships.ndjson")


def standalone(stand, day):
    """A Redis with the day's data: its pids and the lines that name it."""
    server, path = stand.start_redis()
    lines = f'  address: "unix:{path}"\n'
    load_day(stand, "redis", lines, day)
    return {"pids": [server.pid], "lines": lines, "servers": [server]}


def measure(stand, name, redis, day, rate, partitions, processes=1, options=()):
    """One live run, by members that are started for it and ended behind it."""
    members = stand.start_processors(name, redis["lines"], partitions, processes)
    config = stand.work / f"{name}.{members[0][1]}.yaml"
    pids = [word for process, _ in members for word in ("--pid", process.pid)]
    pids += [word for pid in redis["pids"] for word in ("--redis-pid", pid)]
    # The processor commits twice a second: a lower number would have the driver wait for commits.
    unread = ["--unread", SANDBOX_UNREAD if stand.broker == "sandbox" else 1_000_000]
    told = stand.live(config, day, rate, *pids, *unread, *options)
    for process, _ in members:
        stand.end(process)
    if not told["complete"]:
        raise Failed(f"{name}: {told['why']}")
    return told


def row_of(told):
    """What is kept of a run."""
    cpu, memory = told["cpu_ns_per_message"], told["memory_bytes"]
    return {
        "per_second": told["throughput"]["per_second"],
        "processor_ns": cpu["processor"],
        "redis_ns": cpu["redis"],
        "broker_ns": cpu["broker"],
        "driver_ns": cpu["driver"],
        "resident_bytes": memory["processor"]["resident_at_most"],
        "round_trips_a_message": told["redis"]["round_trips_per_message"],
        "hold_ms": told["hold_latency_ms"],
        "scope_ms": told["scope_latency_ms"],
        "holds": told["holds"],
        "late_ms": told["sending"]["late_ms"],
        "floors": told["floors"],
        "goals": told["goals"],
        "load_average": load_average(),
    }


def together(rows, names):
    """Medians with intervals of the figures named; None where a run has none."""
    row = {}
    for name in names:
        values = [each[name] for each in rows]
        row[name] = None if None in values else [round(value, 3) for value in figure(values)]
    return row


COSTS = ["per_second", "processor_ns", "redis_ns", "broker_ns", "resident_bytes", "round_trips_a_message", "load_average"]


def in_turn(stand, plan, kinds):
    """Runs each kind as often as planned, one after the other: {kind: a function of the run's name that gives its row}."""
    found = {kind: [] for kind in kinds}
    for number in range(plan["runs"]):
        for kind, make in kinds.items():
            found[kind].append(make(f"{kind}-{number}"))
    rows = []
    base = [row["processor_ns"] for row in next(iter(found.values()))]
    for kind, runs in found.items():
        row = {"kind": kind, **together(runs, COSTS)}
        row["processor_to_first"] = [round(v, 3) for v in ratios([run["processor_ns"] for run in runs], base)]
        rows.append(row)
    return rows


def told_in_turn(stand, plan, kinds, **more):
    """What a part gives that runs each kind in turn."""
    return {
        "broker": stand.broker,
        **more,
        "messages": plan["scale"],
        "runs": plan["runs"],
        "rows": in_turn(stand, plan, kinds),
        "load_average": load_average(),
    }


def flat_day(stand, plan, name="scale"):
    return stand.make_day(plan[name], max(1, plan[name] // 20_000), plan["customers"])


def goals(stand, form):
    plan = FORMS[form]
    flat = flat_day(stand, plan, "flat")
    paced = stand.make_day(plan["rate"] * plan["seconds"], max(1, plan["seconds"] - 2), plan["customers"])
    stand.start_broker()
    partitions = PARTITIONS[stand.broker]
    redis = {"flat": standalone(stand, flat)}
    server, path = stand.start_redis("paced")
    redis["paced"] = {"pids": [server.pid], "lines": f'  address: "unix:{path}"\n'}
    load_day(stand, "paced", redis["paced"]["lines"], paced)
    floors = ["--floor-seconds", plan["floor"], "--html"]
    rows = {"flat": [], "paced": []}
    for number in range(plan["runs"]):
        for kind, day, rate, warm in (("flat", flat, 0, plan["runs"] > 1), ("paced", paced, plan["rate"], 1)):
            page = pathlib.Path(f"{kind}.html") if stand.keep else stand.work / "page.html"
            told = measure(
                stand, f"{kind}-{number}", redis[kind], day, rate, partitions, 1, [*floors, page, "--warmup", int(warm)]
            )
            rows[kind].append(row_of(told))
    return {
        "broker": stand.broker,
        "partitions": partitions,
        "flat_messages": plan["flat"],
        "customers": plan["customers"],
        "rate": plan["rate"],
        "runs": plan["runs"],
        **rows,
        "load_average": load_average(),
    }


def partitions(stand, form):
    plan = FORMS[form]
    day = flat_day(stand, plan)
    stand.start_broker()
    if stand.broker == "sandbox" and plan["partitions"] != [4]:
        raise Failed("the built-in broker has no topics of other widths; this wants a real Kafka")
    redis = standalone(stand, day)
    kinds = {
        str(count): lambda name, count=count: row_of(measure(stand, f"p-{name}", redis, day, 0, count, 1, FLAT_OUT))
        for count in plan["partitions"]
    }
    return told_in_turn(stand, plan, kinds)


def processes(stand, form):
    plan = FORMS[form]
    day = flat_day(stand, plan)
    stand.start_broker()
    redis = standalone(stand, day)
    width = PARTITIONS[stand.broker]
    kinds = {
        str(count): lambda name, count=count: row_of(measure(stand, f"m-{name}", redis, day, 0, width, count, FLAT_OUT))
        for count in plan["processes"]
    }
    return told_in_turn(stand, plan, kinds, partitions=width)


def start_cluster(stand, day):
    servers, ports = [], []
    for number in range(3):
        port = free_port(above=10_000)
        server, path = stand.start_redis(f"node-{number}", port, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf")
        servers.append((server, path))
        ports.append(port)
    addresses = [f"127.0.0.1:{port}" for port in ports]
    stand.call("redis-cli", "--cluster", "create", *addresses, "--cluster-yes")
    is_whole = lambda: all("cluster_state:ok" in stand.ask(path, "CLUSTER", "INFO") for _, path in servers)
    wait_until(30, "the cluster to be whole", is_whole)
    lines = f'  topology: cluster\n  address: "{",".join(addresses)}"\n'
    load_day(stand, "cluster", lines, day)
    return {"pids": [server.pid for server, _ in servers], "lines": lines}


def cluster(stand, form):
    plan = FORMS[form]
    day = flat_day(stand, plan)
    stand.start_broker()
    width = PARTITIONS[stand.broker]
    port = free_port()
    server, path = stand.start_redis("tcp", port)
    over_tcp = {"pids": [server.pid], "lines": f'  address: "127.0.0.1:{port}"\n'}
    load_day(stand, "tcp", over_tcp["lines"], day)
    nodes = start_cluster(stand, day)
    kinds = {
        "one": lambda name: row_of(measure(stand, f"c-{name}", over_tcp, day, 0, width, 1, FLAT_OUT)),
        "cluster": lambda name: row_of(measure(stand, f"c-{name}", nodes, day, 0, width, 1, FLAT_OUT)),
    }
    return told_in_turn(stand, plan, kinds, partitions=width)
