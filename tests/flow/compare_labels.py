#!/usr/bin/env python3
"""compare_labels.py LABELS RUN: whether each message of a replay got the verdict and reasons of its label.

Exit status: 0 all did, 1 one did not.
"""

import json
import pathlib
import sys

SHOWN_MAX = 10


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def main(labels_path, run):
    labels = {row["message_id"]: (row["expected"], row["reasons"]) for row in lines(labels_path)}
    verdicts = lines(pathlib.Path(run) / "verdicts.ndjson")
    wrong = [
        f"{v['message_id']}: {v['verdict']} {v['reasons']}, and its label is {labels.get(v['message_id'])}"
        for v in verdicts
        if labels.get(v["message_id"]) != (v["verdict"], v["reasons"])
    ]
    missing = labels.keys() - {v["message_id"] for v in verdicts}
    wrong += [f"{message}: has no verdict" for message in sorted(missing)]
    print("\n".join(wrong[:SHOWN_MAX]))
    print(f"{len(verdicts)} verdicts, {len(labels)} labels, {len(wrong)} wrong")
    return int(bool(wrong) or not labels)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
