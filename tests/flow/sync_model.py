#!/usr/bin/env python3
"""sync_model.py: changes of relationships for sync_test.sh, and what must have come of them.

    sync_model.py changes SEED COUNT FILE   prints records (key, tab, value) and keeps in FILE what they add up to
    sync_model.py compare FILE SOCKET KEY   says which recipients are otherwise in Redis; 0 = none
"""
import json
import os
import random
import sys

import packed_peek as peek

NUMBERS = 300


def read(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def changes(seed, count, path):
    model = read(path)
    chance = random.Random(seed)
    for i in range(count):
        number = "+86139%08d" % chance.randrange(NUMBERS)
        if chance.random() < 0.3:
            model[number] = None
            print(number, "", sep="\t")
            continue
        loan = "L%d-%d" % (seed, i)
        model[number] = loan
        party = {"tenant_id": "acme", "loan_id": loan}
        print(number, json.dumps({"recipient": number, "parties": [party]}), sep="\t")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(model, file)


def found(socket, key, epoch, number):
    pseudonym = peek.pseudonym(key, "phone", number)
    records = dict(peek.decode_bucket(peek.redis_get(socket, peek.bucket_key("wn", pseudonym, epoch))))
    body = records.get(pseudonym[8:])
    return None if body is None else peek.decode_body(body)["parties"][0]["loan_tag"]


def compare(path, socket, key):
    epoch = json.loads(peek.redis_get(socket, "wn:{00}:epoch"))
    wrong = 0
    for number, loan in read(path).items():
        tag = found(socket, key, epoch, number)
        if tag != (None if loan is None else peek.loan_tag(key, loan).hex()):
            print("recipient", number[-4:], "should have", loan)
            wrong += 1
    return wrong


if __name__ == "__main__":
    if sys.argv[1] == "changes":
        changes(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    else:
        sys.exit(compare(sys.argv[2], sys.argv[3], bytes.fromhex(sys.argv[4])) != 0)
