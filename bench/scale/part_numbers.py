"""How many numbers Redis holds: bytes a number, and what a message costs over them.

All sizes are there at once, a server each, loaded by `wrongnumber load`; the same number of messages, to recipients
drawn evenly, goes over each in turn, seven rounds. bench_judge says what the first half costs on our side; what Redis
costs a lookup is its own CPU time by the keys that it was asked for.
"""

import json
import random
import subprocess

from stand import RUNS, Failed, cpu_ns, figure, load_average, ratios, resident_bytes

FORMS = {
    "smoke": {"sizes": [1000, 4000], "messages": 2000, "runs": 2},
    "quick": {"sizes": [10_000, 100_000, 1_000_000], "messages": 50_000, "runs": 3},
    "whole": {"sizes": [10_000, 100_000, 1_000_000, 10_000_000], "messages": 200_000, "runs": RUNS},
}
LINES = 10_000
EXTRAPOLATED = 100_000_000


def number_of(i):
    """The i-th mobile number: different for all i below 2^32, spread like hashes."""
    return 13_000_000_000 + (i * 2_654_435_761 & 0xFFFFFFFF)


def write_relationships(out, size):
    """One record a number, as `wrongnumber load` reads them."""
    line = '{"recipient":"+86%d","parties":[{"tenant_id":"tenant-%d","loan_id":"LN-%d","role":"borrower","status":"active"}]}\n'
    for first in range(0, size, LINES):
        rows = range(first, min(size, first + LINES))
        out.write("".join([line % (number_of(i), 1 + i % 4, i) for i in rows]).encode("ascii"))


def write_events(path, size, messages):
    """Messages to recipients drawn evenly from all of them, in 200 campaigns."""
    draw = random.Random(size)
    with open(path, "w", encoding="ascii") as out:
        for number in range(messages):
            i = draw.randrange(size)
            campaign = draw.randrange(200)
            tenant = 1 + i % 4
            out.write(
                f'{{"message_id":"m-{number}","recipient":"+86{number_of(i)}","occurred_at":{1772410204151 + number},'
                f'"purpose":"collection","channel":"sms","tenant_id":"tenant-{tenant}","campaign_id":"campaign-{campaign}",'
                f'"template_id":"template-{campaign % 20}","sender_id":"sender-{campaign % 8}",'
                f'"vendor_id":"vendor-{campaign % 4}","loan_id":"LN-{i}"}}\n'
            )


def load(stand, size):
    """A server with so many numbers, and what it takes."""
    server, path = stand.start_redis(f"numbers-{size}")
    empty = int(stand.redis_info(path)["used_memory"])
    config = stand.work / f"numbers-{size}.yaml"
    config.write_text(f'redis:\n  address: "unix:{path}"\n', "utf-8")
    before = cpu_ns(server.pid)
    with subprocess.Popen(
        [stand.processor, "load", "-c", config, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as loader:
        write_relationships(loader.stdin, size)
        loader.stdin.close()
        loader.stdout.read()
    if loader.returncode != 0:
        raise Failed(f"{size} numbers were not loaded: exit {loader.returncode}")
    info = stand.redis_info(path)
    used = int(info["used_memory"]) - empty
    return {
        "server": server,
        "path": path,
        "row": {
            "numbers": size,
            "buckets": int(stand.ask(path, "DBSIZE")),
            "used_bytes": used,
            "resident_bytes": resident_bytes(server.pid),
            "used_bytes_a_number": round(used / size, 2),
            "redis_load_ns_a_number": round((cpu_ns(server.pid) - before) / size),
        },
    }


def lookups(stand, path):
    info = stand.redis_info(path)
    return int(info["keyspace_hits"]) + int(info["keyspace_misses"])


def measure_once(stand, bed, day, messages):
    """ns a message of the first half, of its lookup alone, and ns of Redis a lookup."""
    before, asked = cpu_ns(bed["server"].pid), lookups(stand, bed["path"])
    text = stand.call(
        stand.build / "bench_judge", "--day", day, "--redis", f"unix:{bed['path']}", "--messages", messages,
        "--runs", 1, "--json",
    )  # fmt: skip
    spent, asked = cpu_ns(bed["server"].pid) - before, lookups(stand, bed["path"]) - asked
    ns = dict(line_of(line) for line in text.splitlines())
    return {"whole": ns["whole"], "lookup": ns["lookup"], "redis": spent / asked}


def line_of(line):
    row = json.loads(line)
    return row["stage"], row["ns"][0]


def run(stand, form):
    plan = FORMS[form]
    beds = [load(stand, size) for size in plan["sizes"]]
    days = []
    for size in plan["sizes"]:
        day = stand.work / f"numbers-day-{size}"
        day.mkdir()
        write_events(day / "events.ndjson", size, plan["messages"])
        days.append(day)
    found = [[] for _ in beds]
    for _ in range(plan["runs"]):
        for bed, day, runs in zip(beds, days, found):
            runs.append(measure_once(stand, bed, day, plan["messages"]))
    rows = []
    for bed, runs in zip(beds, found):
        row = bed["row"]
        for name in ("whole", "lookup", "redis"):
            values = [run[name] for run in runs]
            base = [run[name] for run in found[0]]
            row[f"{name}_ns"] = [round(value, 1) for value in figure(values)]
            row[f"{name}_to_least"] = [round(value, 3) for value in ratios(values, base)]
        rows.append(row)
    for bed in beds:
        stand.end(bed["server"])
    least, most = rows[0], rows[-1]
    span = most["numbers"] - least["numbers"]
    used = (most["used_bytes"] - least["used_bytes"]) / span
    resident = (most["resident_bytes"] - least["resident_bytes"]) / span
    return {
        "messages": plan["messages"],
        "runs": plan["runs"],
        "rows": rows,
        "extrapolated": {
            "numbers": EXTRAPOLATED,
            "used_slope": round(used, 3),
            "resident_slope": round(resident, 3),
            "used_bytes": round(most["used_bytes"] + used * (EXTRAPOLATED - most["numbers"])),
            "resident_bytes": round(most["resident_bytes"] + resident * (EXTRAPOLATED - most["numbers"])),
        },
        "load_average": load_average(),
    }
