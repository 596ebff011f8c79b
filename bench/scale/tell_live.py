"""The blocks of what was measured live, and the goals."""

from plots import Chart, short
from stand import figure
from words import count, mib, of_part, range_of, table

POINTS = ["p50", "p90", "p99", "p99_9", "max"]


def ms(value):
    return "–" if value is None else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def latency_cells(latency):
    return [ms(latency[point]) for point in POINTS] + [count(latency["count"])] if latency else ["–"] * 6


def cost(value):
    return "–" if value is None else count(value)


def flat_row(number, run):
    floors = run["floors"]
    return [
        number, count(run["per_second"]), cost(run["processor_ns"]), cost(run["redis_ns"]), cost(run["broker_ns"]),
        cost(run["driver_ns"]), mib(run["resident_bytes"]), f"{run['round_trips_a_message']:.4f}",
        count(floors["consumer"]["per_second"]), count(floors["consumer"]["cpu_ns_per_message"]),
        count(floors["redis"]["per_second"]), count(floors["redis"]["server_cpu_ns_per_lookup"]),
        f"{run['per_second'] / floors['redis']['per_second']:.2f}",
        f"{count(run['holds']['expected'] - run['holds']['matched'])} of {count(run['holds']['expected'])}",
    ]  # fmt: skip


def goals(part, plots):
    flat = [flat_row(number + 1, run) for number, run in enumerate(part["flat"])]
    paced = []
    for number, run in enumerate(part["paced"]):
        paced.append([f"{number + 1}: message → hold", *latency_cells(run["hold_ms"])])
        paced.append([f"{number + 1}: first bad message → hold of its batch", *latency_cells(run["scope_ms"])])
        paced.append([f"{number + 1}: the broker alone, produce → consume", *latency_cells(run["floors"]["round_trip"]["latency_ms"])])
        paced.append([f"{number + 1}: sent late by the driver", *latency_cells(run["late_ms"])])
    costs = ", ".join(count(run["processor_ns"]) for run in part["paced"])
    first = part["paced"][0]
    plots["latency"] = Chart(
        f"Latency at {count(part['rate'])} messages a second", "percentile", "ms", list(range(4)),
        [
            ("message → hold", [first["hold_ms"][point] for point in POINTS[:4]]),
            ("broker alone", [first["floors"]["round_trip"]["latency_ms"][point] for point in POINTS[:4]]),
        ],
        ["50", "90", "99", "99.9"],
    )  # fmt: skip
    own = figure([run["processor_ns"] for run in part["flat"]])[0]
    idles = [run["floors"]["consumer"]["cpu_ns_per_message"] for run in part["flat"]]
    idle = figure(idles)[0]
    to_idle = ", ".join(f"{run['processor_ns'] / floor:.1f}" for run, floor in zip(part["flat"], idles))
    return (
        of_part(part)
        + f"Flat out, {count(part['flat_messages'])} messages over {part['partitions']} partitions, {count(part['customers'])} customers "
        "in Redis. CPU in ns a message; the floors are those of the same run, the processor idle:\n\n"
        + table(
            ["run", "messages/s", "processor", "Redis", "broker", "driver", "resident at most", "round trips a message",
             "floor: consumer/s", "its ns", "floor: Redis lookups/s", "its ns on the server", "share of it", "holds missing"],
            flat,
        )
        + "\nA hold is missing where Redis did not answer within `redis.deadline`: the message is then unknown, not misdirected.\n"
        + f"\nOf the processor's {count(own)} ns a consumer that does nothing takes {count(idle)} (run by run, {to_idle} times that); the stages of the first half are "
        "below, the second half is under \"Scopes\"; what is left is producing, committing, waking, and batches that are not full.\n"
        + f"\nAt {count(part['rate'])} a second, in ms, counted from when a message was due (no coordinated omission); CPU of the "
        f"processor there: {costs} ns a message:\n\n"
        + table(["run", *("50 % / 90 % / 99 % / 99.9 % / most / count".split(" / "))], paced)
        + "\n![Latency](scale/plots/latency.svg)\n"
    )  # fmt: skip


def goal_row(text, wanted, limit, values, at_least=False, digits=0):
    """met, or missed by how much: the median decides, the interval is told."""
    if not values:
        return [text, wanted, "–", "not measured"]
    middle = figure(values)
    is_met = middle[0] >= limit if at_least else middle[0] <= limit
    off = middle[0] / limit
    verdict = "met" if is_met else f"**missed**, {off:.2f} of it" if at_least else f"**missed**, {off:.2f} times it"
    return [text, wanted, range_of(middle, digits), verdict]


def spread_of(ratios):
    worst = max(ratios, key=lambda ratio: ratio[0])
    return [range_of(worst, 2), "met" if worst[1] <= 1.15 else f"**missed**, {worst[0]:.2f} times the least"]


def goals_table(figures, plots):
    parts = figures["parts"]
    live = parts.get("goals")
    flat, paced = (live["flat"], live["paced"]) if live else ([], [])
    share = [run["per_second"] / run["floors"]["redis"]["per_second"] for run in flat]
    hold = [run["hold_ms"]["p99"] / run["floors"]["round_trip"]["latency_ms"]["p99"] for run in paced if run["hold_ms"]]
    scope = [run["scope_ms"]["max"] for run in paced if run["scope_ms"]]
    middle = [run["scope_ms"]["p50"] for run in paced if run["scope_ms"]]
    replay = parts["stages"]["replays"][0]["per_cpu_second"] if "stages" in parts else None
    rows = [
        goal_row("processor CPU, ns a message, flat out", "≤ 2,000", 2000, [run["processor_ns"] for run in flat]),
        goal_row("live throughput as a share of Redis alone", "≥ 0.70", 0.7, share, True, 2),
        goal_row("p99 message → hold, as a multiple of produce → consume p99", "≤ 2", 2, hold, False, 2),
        goal_row("replay, messages a second of CPU", "≥ 700,000", 700_000, replay, True),
        goal_row("first bad message → scope command, slowest of a run, ms", "≤ 100", 100, scope),
        goal_row("the same, median of a run, ms", "≤ 100", 100, middle),
    ]
    for text, part, ratios_of in (
        ("first half, most numbers to fewest", "numbers", lambda part: [row["whole_to_least"] for row in part["rows"]]),
        ("both halves, most scopes to fewest", "scopes", lambda part: [part["together"]]),
    ):
        cells = spread_of(ratios_of(parts[part])) if part in parts else ["–", "not measured"]
        rows.append([text, "interval reaches 1.15", *cells])
    return table(["goal", "wanted", "measured", "result"], rows, "lrrl")


def kind_table(part, what):
    rows = []
    for row in part["rows"]:
        rows.append(
            [row["kind"], range_of(row["per_second"]), range_of(row["processor_ns"]), range_of(row["processor_to_first"], 2),
             range_of(row["redis_ns"]), range_of(row["broker_ns"]), mib(row["resident_bytes"][0]), range_of(row["load_average"], 1)]
        )  # fmt: skip
    return of_part(part) + table(
        [what, "messages/s", "processor, ns a message", "to the first", "Redis", "broker", "resident at most, all", "load average"], rows
    )


def partitions(part, plots):
    return kind_table(part, "partitions")


def processes(part, plots):
    return kind_table(part, "processes")


def cluster(part, plots):
    return kind_table(part, "Redis")


def lag(part, plots):
    rows = [
        [count(row["waiting"]), row["limit"], mib(row["waiting"] * part["bytes_a_message"]), mib(row["resident_at_most"]), mib(row["resident_behind"]),
         f"{row['seconds']:.1f}"]
        for row in part["rows"]
    ]  # fmt: skip
    return of_part(part) + table(["messages that wait", "read ahead at most", "their bytes", "resident at most", "behind them", "seconds from the start"], rows)


def long(part, plots):
    rows = part["rows"]
    plots["long"] = Chart(
        f"Resident memory at {count(part['rate'])} messages a second", "seconds", "MiB", [row["second"] for row in rows],
        [("resident", [row["most"] / 2**20 for row in rows])],
    )  # fmt: skip
    half = len(rows) // 2
    grown = rows[-1]["most"] - rows[half]["most"]
    seconds = rows[-1]["second"] - rows[half]["second"] or 1
    shown = rows if len(rows) <= 16 else rows[:: -(-len(rows) // 16)]
    cells = [[short(row["second"]), mib(row["least"]), mib(row["most"])] for row in shown]
    return (
        of_part(part)
        + f"{count(part['rate'])} messages a second for {count(part['run_seconds'])} s; {count(part['scopes'])} scopes behind it, "
        f"{cost(part['live']['processor_ns'])} ns of the processor's CPU a message. In the second half of the run it grew by "
        f"{mib(grown)} in {count(seconds)} s ({grown / seconds * 3600 / 2**20:.1f} MiB an hour).\n\n"
        + table(["second", "least", "most"], cells)
        + "\n![Resident memory](scale/plots/long.svg)\n"
    )


def streams(part, plots):
    """Side by side: medians of the costs, holds and latencies of all runs."""
    rows = []
    for row in part["rows"]:
        holds = [run["holds"] for run in row["runs"]]
        wrong = sum(each["expected"] - each["matched"] for each in holds), sum(each["unexpected"] for each in holds)
        p99 = [run["hold_ms"]["p99"] for run in row["runs"] if run["hold_ms"]]
        scope = [run["scope_ms"]["p50"] for run in row["runs"] if run["scope_ms"]]
        rows.append(
            [
                row["way"], row["who"], range_of(row["per_second"]), range_of(row["processor_ns"]), range_of(row["redis_ns"]),
                range_of(row["broker_ns"]), mib(row["resident_bytes"][0]), ms(figure(p99)[0]) if p99 else "–",
                ms(figure(scope)[0]) if scope else "–", f"{count(wrong[0])} / {count(wrong[1])}",
            ]
        )  # fmt: skip
    return of_part(part) + table(
        ["way", "who", "messages/s", "its CPU, ns a message", "Redis", "broker", "resident at most", "message → hold, p99 ms",
         "first bad → scope, median ms", "holds missing / too many"],
        rows, "llr",
    )  # fmt: skip
