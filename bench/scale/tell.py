#!/usr/bin/env python3
"""tell.py --figures FILE --results FILE --plots DIR: fills the blocks of bench/RESULTS.md and draws its plots from the
figures that bench/scale/run has measured. What stands between the blocks is written by people and left alone.

A block is what stands between `<!-- figures NAME -->` and `<!-- end NAME -->`. The same figures give the same bytes."""

import argparse
import json
import pathlib
import re
import sys

from plots import Chart, short
from tell_live import cluster, goals, goals_table, lag, long, partitions, processes, streams
from tell_plan import plan
from words import count, mib, of_part, range_of, table

FLAT = 1.15


def is_flat(ratio):
    """Flat is what may be no more than 15 % dearer: the interval reaches down to it."""
    return "yes" if ratio[1] <= FLAT else "**no**"


def machine(figures, plots):
    head = figures["machine"]
    rows = []
    for name, part in sorted(figures["parts"].items()):
        rows.append([name, part["form"], part["at"], part["commit"], part["load_average_before"], part["load_average"], part["seconds"]])
    return (
        f"{head['cores']} cores of {head['cpu']}, {head['memory_gib']} GiB, {head['system']}, Linux {head['kernel']}; "
        f"Redis {head['redis']}, {head['wrongnumber']}.\n\n"
        + table(["part", "form", "when", "commit", "load before", "load behind", "seconds"], rows, "lllr")
    )


def stages(part, plots):
    rows = [[row["stage"], range_of(row["ns"]), f"{row['allocations']:.4f}"] for row in part["stages"]]
    replays = [
        [f"`{row['options']}`" if row["options"] else "none", range_of(row["per_cpu_second"]), range_of(row["to_first"], 2)]
        for row in part["replays"]
    ]
    return (
        of_part(part)
        + table(["stage", "ns a message", "allocations"], rows)
        + "\n`replay`, both halves from files to files, relationships in memory, "
        + f"{part['runs']} runs of {count(part['replayed'])} messages:\n\n"
        + table(["options", "messages a second of CPU", "to the first"], replays)
    )


def numbers(part, plots):
    rows = []
    for row in part["rows"]:
        rows.append(
            [
                count(row["numbers"]), count(row["buckets"]), f"{row['used_bytes_a_number']:.1f}", mib(row["used_bytes"]),
                mib(row["resident_bytes"]), range_of(row["whole_ns"]), range_of(row["lookup_ns"]),
                range_of(row["whole_to_least"], 2), is_flat(row["whole_to_least"]), range_of(row["redis_ns"]),
            ]
        )  # fmt: skip
    names = [short(row["numbers"]) for row in part["rows"]]
    plots["numbers"] = Chart(
        "CPU time over numbers in Redis", "numbers", "ns", list(range(len(names))),
        [
            ("first half, a message", [row["whole_ns"] for row in part["rows"]]),
            ("of it the lookup", [row["lookup_ns"] for row in part["rows"]]),
            ("Redis, a key", [row["redis_ns"] for row in part["rows"]]),
        ],
        names,
    )  # fmt: skip
    far, most = part["extrapolated"], part["rows"][-1]
    least = part["rows"][0]
    return (
        of_part(part)
        + table(
            ["numbers", "keys", "bytes a number", "used", "resident", "first half, ns a message", "of it lookup",
             "to the least", "flat", "Redis, ns a key"],
            rows,
        )  # fmt: skip
        + "\n![CPU time over numbers in Redis](scale/plots/numbers.svg)\n\n"
        f"100 million, on the line through {count(least['numbers'])} and {count(most['numbers'])}: "
        f"used {mib(most['used_bytes'])} + {far['used_slope']:.2f} bytes × {count(far['numbers'] - most['numbers'])} = "
        f"**{mib(far['used_bytes'])}**, resident {mib(most['resident_bytes'])} + {far['resident_slope']:.2f} × "
        f"{count(far['numbers'] - most['numbers'])} = **{mib(far['resident_bytes'])}**. Of the line's slope: how full buckets are "
        "depends on where a size lies between two powers of two, up to a fifth either way.\n"
    )


def scopes(part, plots):
    rows = []
    for row in part["detect"]:
        rows.append(
            [
                count(row["scopes"]), range_of(row["fold_ns"]), range_of(row["detect_ns"]), range_of(row["whole_ns"]),
                range_of(row["whole_to_least"], 1), is_flat(row["whole_to_least"]),
                f"{row['taken_bytes_a_scope']:.0f}", f"{row['resident_bytes_a_scope']:.0f}",
            ]
        )  # fmt: skip
    judged = [
        [count(row["campaigns"]), range_of(row["tally_ns"]), range_of(row["frame_ns"]), range_of(row["whole_ns"]),
         range_of(row["whole_to_least"], 2), is_flat(row["whole_to_least"])]
        for row in part["judge"]
    ]  # fmt: skip
    least, most = part["detect"][0], part["detect"][-1]
    few, many = part["judge"][0], part["judge"][min(1, len(part["judge"]) - 1)]
    names = [short(row["scopes"]) for row in part["detect"]]
    plots["scopes"] = Chart(
        "CPU time of the second half over scopes", "scopes", "ns a message", list(range(len(names))),
        [(name, [row[f"{key}_ns"] for row in part["detect"]]) for name, key in
         (("all of it", "whole"), ("fold", "fold"), ("detect", "detect"))],
        names,
    )  # fmt: skip
    return (
        of_part(part)
        + table(["scopes", "fold", "detect", "all of the second half", "to the least", "flat", "bytes a scope", "resident"], rows)
        + "\n![CPU time of the second half over scopes](scale/plots/scopes.svg)\n\n"
        + table(["campaigns", "tally", "frame", "first half", "to the least", "flat"], judged)
        + f"\nBoth halves together: {few['whole_ns'][0]:,.0f} + {least['whole_ns'][0]:,.0f} ns with {count(least['scopes'])} scopes, "
        f"{many['whole_ns'][0]:,.0f} + {most['whole_ns'][0]:,.0f} ns with {count(most['scopes'])} scopes of which few hundred campaigns send at a "
        f"time: **{range_of(part['together'], 2)}** times as much.\n"
    )


BLOCKS = {
    "stages": stages,
    "numbers": numbers,
    "scopes": scopes,
    "goals": goals,
    "partitions": partitions,
    "processes": processes,
    "cluster": cluster,
    "lag": lag,
    "long": long,
    "streams": streams,
}
WHOLE = {"machine": machine, "goals_table": goals_table, "plan": plan}


def texts_of(figures):
    plots, texts = {}, {}
    for name, make in BLOCKS.items():
        part = figures["parts"].get(name)
        texts[name] = make(part, plots) if part else "Not measured yet.\n"
    for name, make in WHOLE.items():
        texts[name] = make(figures, plots)
    return texts, {name: chart.svg() for name, chart in plots.items()}


def fill(document, texts):
    """The document with its blocks filled; a block that nobody fills, or that is not there, is a mistake."""
    for name, text in texts.items():
        pattern = re.compile(rf"(<!-- figures {name} -->\n).*?(<!-- end {name} -->\n)", re.S)
        document, times = pattern.subn(lambda found, text=text: found[1] + "\n" + text + "\n" + found[2], document)
        if times != 1:
            raise SystemExit(f"tell.py: block {name} is {times} times in the document")
    unknown = set(re.findall(r"<!-- figures (\w+) -->", document)) - set(texts)
    if unknown:
        raise SystemExit(f"tell.py: nobody fills {sorted(unknown)}")
    return document


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--figures", required=True, type=pathlib.Path)
    parser.add_argument("--results", required=True, type=pathlib.Path)
    parser.add_argument("--plots", required=True, type=pathlib.Path)
    parser.add_argument("--check", action="store_true", help="change nothing; exit status 1 where something would be")
    args = parser.parse_args()
    texts, charts = texts_of(json.loads(args.figures.read_text("utf-8")))
    wanted = {args.results: fill(args.results.read_text("utf-8"), texts)}
    wanted |= {args.plots / f"{name}.svg": text for name, text in charts.items()}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    if args.check:
        for path in stale:
            print(f"{path} is not what the figures say: run bench/scale/tell.py", file=sys.stderr)
        return 1 if stale else 0
    args.plots.mkdir(exist_ok=True)
    for path in stale:
        path.write_text(wanted[path], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
