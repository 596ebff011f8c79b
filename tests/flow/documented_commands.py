"""documented_commands.py: the commands that stand in documents, and where each of them is tried when it is not by documented.py.

A command is a line of an indented block, or of the comment at the head of a file, or a piece of text in backquotes, that begins
with a program and has an option or a redirection: `wrongnumber load` alone is a name in a sentence.
"""

import re

PROGRAM = re.compile(r"(sudo\w* |export |\./|wrongnumber(-bench)? |kcat |python3 |cmake |openssl |kill |curl |docker |kubectl |apt |sed |"
                     r"systemctl |tests/|deploy/|redis-cli |journalctl |HSET |SET )")  # fmt: skip

# What is not executed by documented.py, because; each must match a command that is there.
NOT_HERE = {
    r"\./deploy/quickstart": "tests/flow/quickstart.sh does",
    r"\./tests/run|tests/fuzz/run --long": "this is run by it",
    r"\./deploy/install-deps|apt install|sudo apt install": "installs packages; tests/package/install.sh does",
    r"cmake -S \. -B build/package|cmake --build build/package": "tests/lint/package.sh makes the package",
    r"openssl rand -hex 32 \| sudo install|sudoedit|sudo wrongnumber check|sudo systemctl|systemctl ": "changes the system",
    r"docker ": "the tests have no Docker engine; tests/lint/deploy.sh checks the form",
    r"kubectl ": "the tests have no cluster; tests/lint/deploy.sh checks the form",
    r"sed .*kafka-acls\.sh": "tests/real/acl.sh executes it against Apache Kafka",
    r"sed .*deploy/acl/redis\.acl|redis-cli ACL|redis-cli .*ACL": "tests/flow/acl_redis.sh executes it",
    r"wrongnumber-bench live .*--seconds 60": "takes a minute; tests/flow/live.sh does it with less",
    r"journalctl ": "of the machine",
    r"HSET |SET borrower:epoch": "what the owner of a cache writes; tests/flow/redis_topologies.sh does",
    r"kcat -J$|wrongnumber(-bench)? [a-z]+ --[a-z-]+$|wrongnumber-bench generate --class cause --seed 7$|wrongnumber-bench calibrate --p0 0\.005.*[0-9]{8}":
        "names an option, or is a measurement of minutes",
}  # fmt: skip


def joined(lines):
    """Lines that end in a backslash or a pipe go on in the next."""
    out = []
    for line in lines:
        if out and out[-1].rstrip().endswith(("\\", "|")):
            out[-1] = re.sub(r"\s*\\$", "", out[-1].rstrip()) + " " + line.strip()
        else:
            out.append(line)
    return [line for line in out if PROGRAM.match(line)]


def of_page(text):
    """Of a page in Markdown, in its order."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M)
    found = []
    for block in re.finditer(r"(?:^    .*\n)+|((?:^(?!    ).*\n)+)", text, re.M):
        if block.group(1) is None:
            found += joined(line[4:] for line in block.group(0).splitlines())
            continue
        for words in re.findall(r"`([^`]+)`", block.group(1)):
            words = re.sub(r"\s+", " ", words)
            if PROGRAM.match(words) and re.search(r" -|[<>|]|^kill|^export", words):
                found.append(words)
    return found


def of_head(text):
    """Of the comment at the head of a file: what stands three columns in; two blanks end a command."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(re.sub(r"(?<=\S)  +\(?[^ ].*", "", line[1:].strip()) if line.startswith("#   ") else "")
    return joined(lines)


def outputs(text):
    """What stands between fences."""
    return re.findall(r"^```\n(.*?)^```$", text, re.S | re.M)
