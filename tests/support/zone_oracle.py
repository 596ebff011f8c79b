#!/usr/bin/env python3
"""zone_oracle.py: what Python's zoneinfo says of zones: lines `zone ms offset_s`.

Around every change of five zones from 2000 to 2100 (a second before it, at it, an hour behind it), and of every zone that there
is at two moments of some years.
"""

import datetime
import zoneinfo

UTC = datetime.timezone.utc
SEARCHED = ("America/New_York", "Asia/Shanghai", "Europe/London", "Australia/Lord_Howe", "America/St_Johns",
            "Europe/Dublin", "Africa/Casablanca", "America/Santiago")  # fmt: skip
YEARS = (2000, 2006, 2007, 2019, 2026, 2037, 2038, 2060, 2099)


def offset(zone, second):
    delta = datetime.datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset()
    return delta.days * 86400 + delta.seconds


def changes(zone):
    """The seconds of 2000 to 2100 at which the offset changes, looked for by halves between days."""
    step, end = 86400, 4102444800
    second = 946684800
    before = offset(zone, second)
    while second + step < end:
        after = offset(zone, second + step)
        if after != before:
            low, high = second, second + step
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
            yield high
            before = after
        second += step


def main():
    for name in SEARCHED:
        zone = zoneinfo.ZoneInfo(name)
        for at in changes(zone):
            for second in (at - 1, at, at + 3600):
                print(name, second * 1000, offset(zone, second))
    for name in sorted(zoneinfo.available_timezones() - {"localtime"}):
        zone = zoneinfo.ZoneInfo(name)
        for year in YEARS:
            for month in (1, 7):
                at = int(datetime.datetime(year, month, 15, 12, tzinfo=UTC).timestamp())
                print(name, at * 1000 + 999, offset(zone, at))


main()
