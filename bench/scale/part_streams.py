"""The same job in Kafka Streams (streams/Counterpart.java) beside ours, in turn, on the same messages, broker and floors."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from part_live import FORMS, PARTITIONS, flat_day, load_day, measure, row_of, standalone
from stand import ROOT, Failed, figure, load_average, wait_until

HERE = pathlib.Path(__file__).resolve().parent / "streams"
COSTS = ["per_second", "processor_ns", "redis_ns", "broker_ns", "resident_bytes", "load_average"]


def libraries(stand):
    """The folder of its libraries, fetched once; kept beside those of deploy/dev-kafka."""
    if not shutil.which("java") or not shutil.which("mvn"):
        raise Failed("the counterpart needs java and mvn")
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "wrongnumber"
    folder = cache / "streams-3.9.1"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        part = tempfile.mkdtemp(dir=cache)
        stand.call(
            "mvn", "-B", "-q", "-f", HERE / "pom.xml", "dependency:copy-dependencies", "-DincludeScope=runtime",
            f"-DoutputDirectory={part}", stdin=subprocess.DEVNULL,
        )  # fmt: skip
        os.replace(part, folder)
    return folder


def write_relationships(stand, name, day):
    """The relationships topic, keyed as messages write recipients."""
    keyed = stand.work / "keyed"
    with open(day / "relationships.ndjson", encoding="utf-8") as lines, open(keyed, "w", encoding="utf-8") as out:
        for line in lines:
            out.write(line.split('"recipient":"', 1)[1].split('"', 1)[0] + "\t" + line)
    with open(keyed, "rb") as lines:
        stand.call("kcat", "-P", "-b", stand.bootstrap, "-t", f"{name}.relationships", "-K", "\t", "-X", "linger.ms=50", stdin=lines)


def measure_theirs(stand, libs, name, redis, day, rate, partitions, options):
    config = stand.write_config(name, redis["lines"], partitions)
    stand.make_topics(config, partitions)
    write_relationships(stand, name, day)
    log = stand.work / f"{name}.log"
    program = stand.start(
        name,
        ["java", "-Xmx1g", "-cp", f"{libs}/*", HERE / "Counterpart.java", stand.bootstrap, name, f"{name}.in",
         f"{name}.relationships", f"{name}.commands", stand.work / f"{name}.state"],
    )  # fmt: skip
    wait_until(120, f"{log} to say RUNNING", lambda: "RUNNING" in log.read_text("utf-8", "replace").split())
    options = ["--group", name, "--pid", program.pid, "--unread", 1_000_000, *options]
    if rate == 0:
        stand.live(config, day, rate, *options)  # what a JVM costs while it compiles is not its cost
    told = stand.live(config, day, rate, *options)
    stand.end(program)
    if not told["complete"]:
        raise Failed(f"{name}: {told['why']}")
    return told


def run(stand, form):
    plan = FORMS[form]
    libs = libraries(stand)
    flat = flat_day(stand, plan)
    paced = stand.make_day(plan["rate"] * plan["seconds"], max(1, plan["seconds"] - 2), plan["customers"])
    stand.start_broker()
    if stand.broker != "kafka":
        raise Failed("Kafka Streams wants a real Kafka")
    width = PARTITIONS["kafka"]
    redis = {flat: standalone(stand, flat)}
    server, path = stand.start_redis("paced")
    redis[paced] = {"pids": [server.pid], "lines": f'  address: "unix:{path}"\n'}
    load_day(stand, "paced", redis[paced]["lines"], paced)
    rows = []
    for way, day, rate in (("flat out", flat, 0), (f"{plan['rate']:,} a second", paced, plan["rate"])):
        warmup = 0 if plan["runs"] == 1 else 5 if rate else 1
        options = ["--floors", "off", "--warmup", warmup]
        found = {"wrongnumber": [], "Kafka Streams": []}
        for number in range(plan["runs"]):
            name = f"{'flat' if rate == 0 else 'paced'}-{number}"
            found["wrongnumber"].append(row_of(measure(stand, f"o-{name}", redis[day], day, rate, width, 1, options)))
            theirs = measure_theirs(stand, libs, f"t-{name}", redis[day], day, rate, width, options)
            found["Kafka Streams"].append(row_of(theirs))
        for who, runs in found.items():
            row = {"who": who, "way": way, "runs": runs}
            for cost in COSTS:
                values = [each[cost] for each in runs]
                row[cost] = None if None in values else figure(values)
            rows.append(row)
    return {
        "broker": stand.broker,
        "partitions": width,
        "customers": plan["customers"],
        "runs": plan["runs"],
        "rows": rows,
        "load_average": load_average(),
    }
