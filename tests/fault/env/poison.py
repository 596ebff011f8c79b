#!/usr/bin/env python3
"""poison.py SECONDS SEED: lines of poison on stdout, for so long: messages that are none, and messages that are each of other
tenants, campaigns, ids and times. Prints on stderr how many lines there were."""

import random
import sys
import time

GOOD = '"recipient":"+86138%08d","occurred_at":"2024-06-11T08:00:00Z"'


def line(n, draw):
    kind = draw.randrange(16)
    good = GOOD % draw.randrange(10 ** 8)
    if kind < 4:  # names without number
        return (f'{{"message_id":"p{n}",{good},"tenant_id":"t{draw.randrange(10 ** 9)}","campaign_id":"c{n}",'
                f'"template_id":"x{n}","sender_id":"s{n}","vendor_id":"v{n}"}}').encode()
    if kind < 8:  # one tenant, campaigns without number
        return f'{{"message_id":"p{n}",{good},"tenant_id":"one","campaign_id":"c{n}"}}'.encode()
    if kind == 8:
        return b'{"message_id":"p%d","x":' % n + b'[' * 5000 + b']' * 5000 + b'}'
    if kind == 9:
        return b'{"message_id":"p\xff\xfe%d"}' % n
    if kind == 10:
        return draw.randbytes(200).replace(b'\n', b' ').replace(b'\0', b'\1')
    if kind == 11:
        when = draw.choice(["0", str(2 ** 63), str(-2 ** 63), "1e300", '"0000-01-01T00:00:00Z"', '"9999-12-31T23:59:59Z"'])
        return f'{{"message_id":"p{n}","recipient":"1","occurred_at":{when}}}'.encode()
    if kind == 12:
        return f'{{"message_id":"p{n}","message_id":"q{n}",{good}}}'.encode()
    if kind == 13:
        return b'{"message_id":"p%d","x":"' % n + b'x' * 60000
    if kind == 14:
        return f'{{"message_id":"p{n}",{good},"channel":"{"z" * draw.randrange(300)}","loan_id":{n}}}'.encode()
    return f'{{"message_id":"p{n}","recipient":"{draw.randrange(10 ** 20)}","occurred_at":1718092800000}}'.encode()


def main():
    seconds, draw = float(sys.argv[1]), random.Random(int(sys.argv[2]))
    end, n, out = time.monotonic() + seconds, 0, sys.stdout.buffer
    while time.monotonic() < end:
        out.write(b"\n".join(line(n + i, draw) for i in range(500)) + b"\n")
        n += 500
    out.flush()
    print(n, file=sys.stderr)


main()
