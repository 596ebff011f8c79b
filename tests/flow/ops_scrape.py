#!/usr/bin/env python3
"""ops_scrape.py: reads /metrics as Prometheus would, and compares it with what is in the topics.

    ops_scrape.py sum URL NAME [LABEL=VALUE...]   the sum of the series of that name with those labels
    ops_scrape.py strict URL                      fails where the text is not what the format says
    ops_scrape.py topics URL VERDICTS COMMANDS ALERTS DEAD_LETTERS
                                                  fails where a counter is not what a topic's records say
    ops_scrape.py notified FILE                   listens where NOTIFY_SOCKET points to, into FILE
"""
import collections
import json
import os
import re
import socket
import sys
import urllib.request

SERIES = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9.]+|[+-]Inf|NaN)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')


def labels_of(text):
    labels, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        if not match:
            sys.exit(f'bad labels: {text}')
        labels[match[1]] = match[2]
        at = match.end()
    return labels


def scrape(url):
    """All series as (name, labels, value), and the type of each family."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.headers['Content-Type'] == 'text/plain; version=0.0.4; charset=utf-8'
        text = answer.read().decode()
    series, types, helps = [], {}, set()
    for line in text.splitlines():
        if line.startswith('# TYPE '):
            name, kind = line[7:].split(' ')
            assert name not in types, f'TYPE twice: {name}'
            assert name in helps, f'TYPE without HELP: {name}'
            types[name] = kind
        elif line.startswith('# HELP '):
            name, said = line[7:].split(' ', 1)
            assert name not in helps and said, f'HELP twice or empty: {name}'
            helps.add(name)
        else:
            match = SERIES.match(line)
            assert match, f'no series: {line}'
            series.append((match[1], labels_of(match[2] or ''), float(match[3])))
    return series, types


def strict(url):
    series, types = scrape(url)
    seen, buckets, counts = set(), collections.defaultdict(list), {}
    for name, labels, value in series:
        key = (name, tuple(sorted(labels.items())))
        assert key not in seen, f'twice: {key}'
        seen.add(key)
        family = re.sub('_(bucket|sum|count)$', '', name)
        family = family if types.get(family) == 'histogram' else name
        assert family in types, f'without TYPE: {name}'
        assert (types[family] == 'counter') == name.endswith('_total'), name
        assert types[family] == 'gauge' or value >= 0, f'below zero: {name}'
        rest = tuple(sorted((k, v) for k, v in labels.items() if k != 'le'))
        if name.endswith('_bucket'):
            buckets[family, rest].append((float(labels['le']), value))
        elif name == family + '_count':
            counts[family, rest] = value
    for key, rows in buckets.items():
        assert rows == sorted(rows), f'buckets that fall: {key}'
        assert rows[-1] == (float('inf'), counts[key]), f'+Inf is not the count: {key}'
    assert buckets and len(types) > 40


def total(url, name, wanted):
    return sum(value for its, labels, value in scrape(url)[0]
               if its == name and all(labels.get(k) == v for k, v in wanted.items()))


def records(path):
    with open(path, encoding='utf-8') as lines:
        return [json.loads(line) for line in lines]


def topics(url, verdicts, commands, alerts, dead_letters):
    def told(name, label):
        counts = collections.Counter()
        for its, labels, value in scrape(url)[0]:
            if its == name:
                counts[labels[label]] += int(value)
        return +counts

    def payloads(path):
        return [json.loads(record['payload']) for record in records(path)]

    def header(record, name):
        return record['headers'][record['headers'].index(name) + 1]

    judged = collections.Counter(v['verdict'] for v in payloads(verdicts))
    dead = records(dead_letters)
    judged['dead_letter'] = len(dead)
    held = payloads(commands)
    alerted = payloads(alerts)
    expected = [
        ('wrongnumber_messages_processed_total', 'outcome', judged),
        ('wrongnumber_dead_letters_total', 'reason', collections.Counter(header(d, 'wn.reason') for d in dead)),
        ('wrongnumber_quarantine_commands_total', 'scope_type', collections.Counter(c['target']['kind'] for c in held)),
        ('wrongnumber_quarantine_commands_total', 'action', collections.Counter(c['action'] for c in held)),
        ('wrongnumber_alerts_emitted_total', 'tier', collections.Counter(a['tier'] for a in alerted)),
        ('wrongnumber_alerts_emitted_total', 'type', collections.Counter(a['type'] for a in alerted)),
    ]
    wrong = 0
    for name, label, counts in expected:
        if told(name, label) != +counts or not counts:
            print(f'{name} by {label}: told {dict(told(name, label))}, in the topic {dict(counts)}')
            wrong = 1
    sys.exit(wrong)


def notified(path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(os.environ['NOTIFY_SOCKET'])
    with open(path, 'w', encoding='utf-8') as out:
        while True:
            print(listener.recv(4096).decode(), file=out, flush=True)


def main():
    verb, *rest = sys.argv[1:]
    if verb == 'sum':
        print(int(total(rest[0], rest[1], dict(pair.split('=', 1) for pair in rest[2:]))))
    elif verb == 'strict':
        strict(rest[0])
    elif verb == 'topics':
        topics(*rest)
    elif verb == 'notified':
        notified(rest[0])
    else:
        sys.exit(__doc__)


main()
