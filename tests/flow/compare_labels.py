#!/usr/bin/env python3
"""compare_labels.py LABELS RUN: whether each message of a replay got the verdict and reasons of its label.

A message that was sent twice has two labels and two verdicts; both files have the order of the events.

Exit status: 0 all did, 1 one did not.
"""

import itertools
import json
import pathlib
import sys

SHOWN_MAX = 10


def rows(path, verdict):
    with open(path, encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield row["message_id"], row[verdict], row["reasons"]


def main(labels_path, run):
    count = 0
    wrong = 0
    labels = rows(labels_path, "expected")
    verdicts = rows(pathlib.Path(run) / "verdicts.ndjson", "verdict")
    for label, verdict in itertools.zip_longest(labels, verdicts):
        count += 1
        if label != verdict:
            wrong += 1
            if wrong <= SHOWN_MAX:
                print(f"line {count}: the verdict is {verdict}, the label {label}")
    print(f"{count} lines, {wrong} wrong")
    return int(bool(wrong) or count == 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
