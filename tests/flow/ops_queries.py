#!/usr/bin/env python3
"""ops_queries.py METRICS: every query of the rules and of the dashboard is about something that METRICS, what a live
processor exposed, has: the metric, the labels, and the values that it asks for. Also: each rule has a section in the
runbook and a test that fires it, and each type of alert has a section.
"""
import json
import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
OF_PROMETHEUS = {'instance', 'job', 'le'}  # labels that a scrape adds, and those of buckets
wrong = []


def exposed(text):
    """By name of a series: its labels, each with the values that there are."""
    found = {}
    for line in text.splitlines():
        match = re.match(r'([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ', line)
        if match and not line.startswith('#'):
            labels = found.setdefault(match[1], {})
            for name, value in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or ''):
                labels.setdefault(name, set()).add(value)
    return found


def check_matcher(where, name, labels, matcher):
    label, how, value = re.match(r'\s*(\w+)\s*(=~|!~|!=|=)\s*"(.*)"\s*$', matcher).groups()
    if label in OF_PROMETHEUS:
        return
    if label not in labels:
        wrong.append(f'{where}: {name} has no label {label}')
    elif how == '=' and value not in labels[label]:
        wrong.append(f'{where}: {name} has no {label}="{value}"')
    elif how == '=~' and not any(re.fullmatch(value, v) for v in labels[label]):
        wrong.append(f'{where}: no {label} of {name} is like {value}')


def check_query(where, query, found):
    named = [n for n in re.findall(r'\b(?:wrongnumber|process)_\w+', re.sub(r'"[^"]*"', '""', query))]
    if not named and 'up{' not in query:
        wrong.append(f'{where}: asks for nothing of ours: {query}')
    for name in named:
        if name not in found:
            wrong.append(f'{where}: there is no {name}')
    for name, matchers in re.findall(r'\b((?:wrongnumber|process)_\w+)\{([^}]*)\}', query):
        for matcher in filter(None, re.split(r',(?=\s*\w+\s*[=!])', matchers)):
            check_matcher(where, name, found.get(name, {}), matcher)
    known = set(OF_PROMETHEUS).union(*(found.get(name, {}) for name in named))
    for labels in re.findall(r'\bby \(([^)]*)\)', query):
        for label in labels.replace(' ', '').split(','):
            if label not in known:
                wrong.append(f'{where}: by {label}, which none of {named} has')


def queries_of(panel):
    return [target['expr'] for target in panel.get('targets', [])]


def main():
    found = exposed(pathlib.Path(sys.argv[1]).read_text(encoding='utf-8'))
    runbook = (ROOT / 'deploy/RUNBOOK.md').read_text(encoding='utf-8')
    sections = set(re.findall(r'^## (.+)$', runbook, re.M))
    rules = yaml.safe_load((ROOT / 'deploy/prometheus/rules.yml').read_text(encoding='utf-8'))
    tests = yaml.safe_load((ROOT / 'deploy/prometheus/rules.test.yml').read_text(encoding='utf-8'))
    fired = {case['alertname'] for test in tests['tests'] for case in test['alert_rule_test'] if case['exp_alerts']}
    names = [rule['alert'] for group in rules['groups'] for rule in group['rules']]
    for group in rules['groups']:
        for rule in group['rules']:
            check_query(rule['alert'], rule['expr'], found)
    for name in names:
        if name not in sections:
            wrong.append(f'{name}: no section in deploy/RUNBOOK.md')
        if name not in fired:
            wrong.append(f'{name}: no test fires it')
    for kind in found['wrongnumber_alerts_emitted_total']['type']:
        if kind not in sections:
            wrong.append(f'{kind}: no section in deploy/RUNBOOK.md')
    dashboard = json.loads((ROOT / 'deploy/grafana/dashboard.json').read_text(encoding='utf-8'))
    queries = [(panel['title'], query) for panel in dashboard['panels'] for query in queries_of(panel)]
    queries += [(note['name'], note['expr']) for note in dashboard['annotations']['list']]
    for title, query in queries:
        check_query(f'panel {title}', query, found)
    if dashboard['id'] is not None or dashboard['uid'] != 'wrongnumber':
        wrong.append('dashboard: an id of its own, or another uid')
    if any(panel['datasource']['uid'] != '${datasource}' for panel in dashboard['panels']):
        wrong.append('dashboard: a panel names its datasource')
    print('\n'.join(wrong), end='\n' if wrong else '')
    sys.exit(bool(wrong) or len(queries) < 30 or len(names) < 20)


main()
