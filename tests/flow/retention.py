#!/usr/bin/env python3
"""retention.py RUNBOOK.md: the table "How long what is kept" says of each topic what `topics --json` (stdin) plans."""
import json
import re
import sys

DAY_MS = 24 * 60 * 60 * 1000
with open(sys.argv[1], encoding="utf-8") as file:
    table = file.read().split("# How long what is kept", 1)[1].split("\n# ", 1)[0]
rows = [row for row in table.splitlines() if row.startswith("| ")]
wrong = []
for plan in map(json.loads, sys.stdin):
    name = "topics." + plan["role"].replace("-", "_").replace("quarantine_state", "state")
    told = [row for row in rows if f"`{name}`" in row or name == "topics.outbound" and "outbound messages" in row]
    if not told:
        wrong.append(f"{name}: the table says nothing of it")
    elif plan["compacted"]:
        if "compacted" not in told[0]:
            wrong.append(f"{name}: is compacted")
    elif "planned_retention_ms" in plan:
        days = plan["planned_retention_ms"] // DAY_MS
        if not re.search(rf"\b{days} d\b", told[0]):
            wrong.append(f"{name}: is kept {days} d")
print("\n".join(wrong), end="\n" if wrong else "")
sys.exit(bool(wrong))
