"""The plan for a million messages a second: each line an arithmetic on a figure of the tables above it."""

import math

from stand import figure
from words import count, mib, table

RATE = 1_000_000
NUMBERS = 100_000_000
BUSY = 0.5  # how much of a core, a shard or a partition is used when all are there
COPIES = 3  # of each record in Kafka
RECORD_BYTES = 36  # a number in a bucket, schemas/redis-keys.md


def up(value, to=1):
    return math.ceil(value / to - 1e-9) * to


def power_of_two(value):
    return 2 ** math.ceil(math.log2(value))


def plan(figures, plots):
    parts = figures["parts"]
    missing = [name for name in ("goals", "numbers", "scopes", "partitions", "lag") if name not in parts]
    if missing:
        return f"Not worked out: {', '.join(missing)} are not measured yet.\n"
    live, store, second = parts["goals"], parts["numbers"], parts["scopes"]
    one = figure([run["processor_ns"] for run in live["flat"]])[0]
    redis = store["rows"][-1]["redis_ns"][0]
    redis_live = figure([run["redis_ns"] for run in live["flat"]])[0]
    broker = figure([run["broker_ns"] for run in live["flat"]])[0]
    trips = figure([run["round_trips_a_message"] for run in live["flat"]])[0]
    resident = figure([run["resident_bytes"] for run in live["flat"]])[0]
    # A core cannot do more than it has; what one partition gave in a run that shared two cores is less than it can.
    partition_rate = next(row for row in parts["partitions"]["rows"] if row["kind"] == "1")["per_second"][0]
    bytes_each = parts["lag"]["bytes_a_message"]
    scopes = second["detect"][-1]
    fold = scopes["whole_ns"][0]
    lag_bytes = max(row["resident_at_most"] for row in parts["lag"]["rows"])

    cores = RATE * one / 1e9 / BUSY
    processes = up(cores / 2)
    partitions = power_of_two(max(RATE / (partition_rate * BUSY), processes * 4))
    key_ns = max(redis, redis_live)
    shards = up(RATE * key_ns / 1e9 / BUSY)
    far = store["extrapolated"]
    bucket_bytes = store["rows"][-1]["numbers"] / store["rows"][-1]["buckets"] * RECORD_BYTES
    in_bytes = RATE * bytes_each
    brokers = max(3, up(RATE * broker / 1e9 / BUSY / 8))
    detect_cores = RATE * fold / 1e9 / BUSY

    rows = [
        ["processor cores", f"1e6 × {one:,.0f} ns ÷ {BUSY}", f"{cores:.1f}", "goals: processor, flat out"],
        ["processes", f"{cores:.1f} cores ÷ 2 each", count(processes), "a judge thread, librdkafka's beside it, and the detect half"],
        ["one process less", f"{BUSY} × {processes} ÷ {processes - 1}", f"{BUSY * processes / (processes - 1):.2f} of each core", "headroom"],
        ["outbound partitions", f"1e6 ÷ ({partition_rate:,.0f} × {BUSY}), and 4 a process", count(partitions),
         "partitions: one partition; the next power of two"],
        ["messages of a partition", f"1e6 ÷ {partitions}", f"{RATE / partitions:,.0f} a second",
         f"a frame of {RATE / partitions * 0.02:,.0f} messages each 20 ms"],
        ["second half, all of it", f"1e6 × {fold:,.0f} ns ÷ {BUSY}", f"{detect_cores:.2f} cores",
         f"scopes: {count(scopes['scopes'])} scopes"],
        ["tally partitions", f"{detect_cores:.2f} cores, 4 for each so that tenants spread", count(power_of_two(max(4, 4 * detect_cores))),
         "fixed at creation: more is cheap"],
        ["the largest tenant", f"1 s ÷ {fold:,.0f} ns", f"{1e9 / fold:,.0f} a second", "all of its scopes are in one tally partition"],
        ["memory of scopes", f"1e6 scopes × {scopes['resident_bytes_a_scope']:.0f} B", mib(1e6 * scopes["resident_bytes_a_scope"]),
         "scopes; over all tally partitions"],
        ["memory of a process", f"{mib(resident)} flat out, {mib(lag_bytes)} when a million messages wait", mib(lag_bytes * 1.5),
         "goals, lag; half as much again as limit"],
        ["Redis shards", f"1e6 × {key_ns:,.0f} ns ÷ {BUSY}", count(shards), "numbers: Redis at the most numbers; one core each"],
        ["one shard less", f"its replica takes over; {BUSY} of a core as before", "no lookups meanwhile",
         "those are unknown, never misdirected; looked up again"],
        ["memory of a shard", f"{mib(far['resident_bytes'])} ÷ {shards}", mib(far["resident_bytes"] / shards),
         f"numbers: {count(NUMBERS)}; × 2 during a full load, × 2 with a replica"],
        ["Redis to processors", f"1e6 × {bucket_bytes:,.0f} B of a bucket", f"{RATE * bucket_bytes / 1e6:,.0f} MB/s",
         f"numbers: {store['rows'][-1]['numbers'] / store['rows'][-1]['buckets']:.1f} numbers a bucket"],
        ["round trips", f"1e6 × {trips:.4f}", f"{RATE * trips:,.0f} a second", "goals; more with smaller batches and more shards"],
        ["Kafka in", f"1e6 × {bytes_each:.0f} B", f"{in_bytes / 1e6:,.0f} MB/s", "lag: bytes a message, not compressed"],
        ["Kafka between brokers", f"{in_bytes / 1e6:,.0f} MB/s × {COPIES - 1}", f"{in_bytes * (COPIES - 1) / 1e6:,.0f} MB/s", "replication 3"],
        ["Kafka out to us", f"{in_bytes / 1e6:,.0f} MB/s × 1", f"{in_bytes / 1e6:,.0f} MB/s", "the tally log is read once too: below a hundredth"],
        ["brokers", f"1e6 × {broker:,.0f} ns ÷ {BUSY} ÷ 8 cores", count(brokers),
         "goals: broker, in and out, without copies, cold JVM with C1 only: an upper bound"],
        ["disk of a day", f"{in_bytes / 1e6:,.0f} MB/s × 86,400 s × {COPIES}", f"{in_bytes * 86400 * COPIES / 1e12:,.0f} TB", "or as long as is kept"],
        ["catching up after a minute", f"60 s × {BUSY} ÷ (1 − {BUSY})", f"{60 * BUSY / (1 - BUSY):.0f} s", "what is free does it"],
    ]  # fmt: skip
    return table(["what", "arithmetic", "result", "from"], rows, "lrrl")
