"""Memory under lag: so many messages wait when the processor begins. Its resident memory at most until it has read them
all: flat when it is the same however many wait. Once more with a sixth of what librdkafka may read ahead."""

import time

from part_live import PARTITIONS, standalone
from stand import Failed, load_average, resident_bytes

FORMS = {"smoke": [2000], "quick": [50_000, 200_000], "whole": [100_000, 1_000_000, 2_000_000]}
LIMITS = {
    "300,000 messages": "",
    "50,000, 16 MiB": '    queued.max.messages.kbytes: "16384"\n    queued.min.messages: "50000"\n',
}


def settle(stand, name, redis, partitions, events, count, limit):
    config = stand.write_config(name, redis["lines"], partitions)
    stand.make_topics(config, partitions)
    with open(events, "rb") as lines:
        stand.call(
            "kcat", "-P", "-b", stand.bootstrap, "-t", f"{name}.in", "-X", "topic.partitioner=random",
            "-X", "sticky.partitioning.linger.ms=0", "-X", "linger.ms=50", stdin=lines,
        )  # fmt: skip
    begun = time.monotonic()
    (process, port) = stand.start_processors(name, redis["lines"], partitions, 1, LIMITS[limit])[0]
    most, read, last = 0, 0, 0.0
    while read < count:
        if process.poll() is not None:
            raise Failed(f"{name}: the processor has ended")
        if time.monotonic() - begun > 300:
            raise Failed(f"{name}: {read} of {count} messages were read in five minutes")
        most = max(most, resident_bytes(process.pid))
        if time.monotonic() - last > 0.5:
            last = time.monotonic()
            told = stand.metrics(port) or {}
            read = sum(v for name_, v in told.items() if name_.startswith("wrongnumber_messages_consumed_total"))
        time.sleep(0.02)
    seconds = time.monotonic() - begun
    after = resident_bytes(process.pid)
    stand.end(process)
    return {"waiting": count, "limit": limit, "resident_at_most": most, "resident_behind": after, "seconds": round(seconds, 1)}


def run(stand, form):
    sizes = FORMS[form]
    day = stand.make_day(sizes[-1], 5)
    stand.start_broker()
    if stand.broker == "sandbox" and form != "smoke":
        raise Failed("the built-in broker keeps 5 MiB a partition; this wants a real Kafka")
    partitions = PARTITIONS[stand.broker]
    redis = standalone(stand, day)
    rows = []
    for count in sizes:
        events = stand.work / "waiting.ndjson"
        with open(day / "events.ndjson", "rb") as whole, open(events, "wb") as part:
            part.writelines(line for line, _ in zip(whole, range(count)))
        for limit in LIMITS:
            if not LIMITS[limit] or count == sizes[-1]:
                name = f"lag-{count}-{bool(LIMITS[limit]):d}"
                rows.append(settle(stand, name, redis, partitions, events, count, limit))
    bytes_each = events.stat().st_size / sizes[-1]
    return {
        "broker": stand.broker,
        "bytes_a_message": round(bytes_each, 1),
        "rows": rows,
        "load_average": load_average(),
    }
