#!/usr/bin/env python3
"""numbers_in.py: recipients' numbers, spelled as people spell them, and looked for wherever they must not be.

  numbers_in.py spell EVENTS         the events, with the recipients' numbers written in eight ways by turns
  numbers_in.py find DATA FILE...    fails when a file holds the last ten digits of a number of DATA (a folder of
                                     generate), or a loan's id, whatever stands between the digits
"""
import json
import re
import sys

WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def spellings(number):
    """Of a number such as +8613800138000: ways in which a loan system may write it."""
    country, rest = number[1:3], number[3:]
    spaced = f"{rest[:3]} {rest[3:7]} {rest[7:]}"
    return [number, f"00{country}{rest}", f"+{country} {spaced}", f"(+{country}) {spaced.replace(' ', '-')}",
            f"+{country}-{spaced}", number.translate(WIDE), f" {number}", f"+{country}.{spaced.replace(' ', '.')}"]


def spell(path):
    with open(path, encoding="utf-8") as lines:
        for index, line in enumerate(lines):
            event = json.loads(line)
            if re.fullmatch(r"\+86\d{11}", event["recipient"]):
                event["recipient"] = spellings(event["recipient"])[index % 8]
            print(json.dumps(event, ensure_ascii=index % 2 == 0))


def secrets(folder):
    numbers, loans = set(), set()
    for name in ("events", "relationships"):
        with open(f"{folder}/{name}.ndjson", encoding="utf-8") as lines:
            for record in map(json.loads, lines):
                if re.fullmatch(r"\+\d{11,15}", record["recipient"]):
                    numbers.add(record["recipient"][-10:])
                for holder in [record, *record.get("parties", [])]:
                    if len(str(holder.get("loan_id") or "")) >= 6:
                        loans.add(str(holder["loan_id"]))
    return numbers, loans


def find(folder, paths):
    numbers, loans = secrets(folder)
    loan = re.compile("|".join(map(re.escape, sorted(loans)))) if loans else None
    found = 0
    for path in paths:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8", "replace")
        # Digits with what people put between them; a run of ten or more is looked at in all its parts.
        for run in re.findall(r"\d(?:[ ().\-]{0,2}\d){9,}", text):
            digits = "".join(str(int(c)) for c in run if c.isdigit())
            for at in range(len(digits) - 9):
                if digits[at:at + 10] in numbers:
                    print(f"{path}: {run[:80]}")
                    found += 1
                    break
        match = loan.search(text) if loan else None
        if match:
            print(f"{path}: loan {match.group()}")
            found += 1
    print(f"{len(numbers)} numbers and {len(loans)} loans looked for in {len(paths)} files")
    sys.exit(found > 0 or len(numbers) < 100)


if __name__ == "__main__":
    if sys.argv[1] == "spell":
        spell(sys.argv[2])
    else:
        find(sys.argv[2], sys.argv[3:])
