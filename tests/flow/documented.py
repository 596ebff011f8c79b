#!/usr/bin/env python3
"""documented.py BUILD_DIR WORK_DIR: executes every command of the documents as it stands there.

One stage: the sandbox broker, a private Redis, a processor, and the example sender in front of it, through which the messages of
two lenders go, with two wrong lists among them. The words in capitals are filled in (`words`) and nothing else is changed. The
functions below say in which order, which exit status is right and what must be told; a command that none of them names is executed
at the end and must succeed, unless documented_commands.NOT_HERE says where it is tried instead. Prints `ok NAME` / `not ok NAME`.
"""

import contextlib
import http.server
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import documented_commands as documents

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ["README.md", "deploy/RUNBOOK.md", "schemas/integration.md", "schemas/redis-keys.md"]
HEADS = ["deploy/wrongnumber.yaml", "deploy/compose/compose.yaml", "deploy/kubernetes/kustomization.yaml", "deploy/docker/Dockerfile",
         "deploy/acl/kafka.acl", "deploy/acl/redis.acl"]  # fmt: skip
MESSAGES, MENDED, PATIENCE = 500, 60, 60


class Trouble(Exception):
    pass


class Stage:
    def __init__(self, build, work):
        self.build, self.work = build, work
        self.words = {"FILE": "wrongnumber.yaml", "COPY": "wrongnumber.yaml", "TEXT": "tried", "NAME": "li.wei", "YOU": "li.wei", "OTHER": "zhang.min"}
        self.processes, self.told, self.executed, self.failures = [], [], set(), 0
        self.environment = {**os.environ, "PATH": f"{build}:{os.environ['PATH']}", "no_proxy": "*", "PYTHONDONTWRITEBYTECODE": "1"}
        work.mkdir(exist_ok=True)
        (work / "schemas").symlink_to(ROOT / "schemas")

    # --- commands ---------------------------------------------------------------------------------------------------------

    def filled_in(self, command):
        return re.sub(r"\b(%s)\b" % "|".join(self.words), lambda word: self.words[word.group(0)], command)

    def start(self, command, name):
        """In the background, in a process group of its own, what it prints in NAME.out and NAME.err."""
        with (self.work / f"{name}.out").open("w") as out, (self.work / f"{name}.err").open("w") as err:
            process = subprocess.Popen(["bash", "-c", self.filled_in(command)], cwd=self.work, env=self.environment, stdout=out,
                                       stderr=err, stdin=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
        self.processes.append(process)
        return process

    def end(self, process):
        if process in self.processes:
            self.processes.remove(process)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait()

    def run(self, command, **more):
        environment = {**self.environment, **more.get("env", {})}
        process = subprocess.Popen(["bash", "-c", self.filled_in(command)], cwd=self.work, env=environment, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)  # fmt: skip
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired as late:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            raise Trouble(f"does not end: {out[-500:]}{err[-500:]}") from late
        return process.returncode, out, err

    def text(self, name):
        path = self.work / name
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def wait(self, what, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise Trouble(f"waited in vain for {what}")
            time.sleep(0.02)

    def case(self, name, function):
        try:
            function()
            print(f"ok documented: {name}", flush=True)
        except (Trouble, OSError, ValueError, KeyError, IndexError, subprocess.SubprocessError) as wrong:
            self.failures += 1
            print(f"  {type(wrong).__name__}: {wrong}\nnot ok documented: {name}", flush=True)

    def step(self, command, rc=0, says="", env=None):
        """Executes a command of the documents; `says` is a pattern of what it must print."""
        self.executed.add(command)

        def executes():
            status, out, err = self.run(command, env=env or {})
            self.told.append(out + err)
            if status != rc or not re.search(says, out + err, re.S):
                raise Trouble(f"exit status {status}, expected {rc}; {says!r}: {out[-1500:]}{err[-1500:]}")

        self.case(command, executes)

    def stays(self, command, name):
        """Starts one that runs until it is told to end; `done` says what has become of it."""
        self.executed.add(command)
        return self.start(command, name)

    def done(self, name, process, says, ends=False):
        """It has printed that, and ends well: by itself, or when it is told to."""

        def has_said():
            self.wait(f"{says!r} of {name}", lambda: self.printed(name, says) or name == "processor")
            if ends:
                self.wait(f"the end of {name}", lambda: process.poll() is not None)
            if process is not None and (status := process.returncode if ends else self.end(process)) not in (0, -signal.SIGTERM):
                raise Trouble(f"exit status {status}: {self.text(name + '.err')[-800:]}")
            if not self.printed(name, says):
                raise Trouble(self.text(name + ".err")[-800:])

        self.case(f"{name} did its work", has_said)

    def control_id(self):
        return re.search(r'"control_id":"([^"]+)"', self.told[-1]).group(1)

    def lift_wide(self, scope):
        """Two people end the hold of a vendor or tenant."""
        self.told.append(self.run(f"wrongnumber release -c FILE --scope {scope} --tenant T --at-once --operator YOU --reason TEXT --wait")[1])
        self.words["CONTROL_ID"] = self.control_id()
        self.run("wrongnumber confirm -c FILE CONTROL_ID --operator OTHER --reason TEXT --wait")

    def first_misdirected(self, tenant):
        wrong = {label["message_id"] for label in self.lines("input/labels.ndjson") if label["expected"] == "misdirected"}
        return next(e["message_id"] for e in self.lines("input/events.ndjson") if e["message_id"] in wrong and e.get("tenant_id") == tenant)

    def lines(self, name):
        return [json.loads(line) for line in self.text(name).splitlines()]

    def printed(self, name, says):
        return re.search(says, self.text(name + ".out") + self.text(name + ".err"), re.S)

    def end_all(self):
        for process in reversed(list(self.processes)):
            self.end(process)

    # --- what is asked of the stage -----------------------------------------------------------------------------------------

    def json_of(self, command):
        status, out, err = self.run(command)
        if status != 0:
            raise Trouble(f"{command}: {status}: {err[-500:]}")
        return json.loads(out)

    def judged(self):
        """How many messages the sender has a verdict or a hold of."""
        with contextlib.closing(sqlite3.connect(f"file:{self.work}/sender.db?mode=ro", uri=True)) as store:
            return store.execute("SELECT count(*) FROM messages WHERE not_before < 1e300 OR message_id IN"
                                 " (SELECT id FROM holds WHERE kind = 'message')").fetchone()[0]  # fmt: skip

    def sent(self):
        return [json.loads(line)["message_id"] for line in self.text("sent.ndjson").splitlines() if line.endswith("}")]


class Chat:
    """A webhook."""

    def __init__(self):
        self.lines = lines = []

        class Hook(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                lines.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


CONFIG = """\
kafka:
  bootstrap: "{bootstrap}"
  properties: {{session.timeout.ms: "6000", heartbeat.interval.ms: "500"}}
redis: {{address: "unix:{work}/redis.sock"}}
pseudonym: {{key_id: k1, key_file: "{work}/key"}}
control: {{key_file: "{work}/key"}}
audit: {{directory: "{work}/audit", key_file: "{work}/key"}}
verdicts: all
policy: {{mode: enforce}}
"""


def made_up_days(stage):
    """The four commands of the README without Kafka, and what it says that they print."""
    readme = (ROOT / "README.md").read_text("utf-8")
    for command in documents.of_page(readme):
        if re.match(r"wrongnumber-bench (generate|replay|score|report|sweep) .*day", command):
            stage.step(command)
    text = re.sub(r"<[^>]*>", "", stage.text("report.html"))
    table = stage.told[-1] if stage.told else ""

    def as_printed():
        shown = documents.outputs(readme)
        report = next(block for block in shown if "held. " in block and "incidents" in block)
        sweep = next(block for block in shown if block.startswith("configuration"))
        if " ".join(report.split()) not in " ".join(text.split()):
            raise Trouble("the report does not begin as the README says")
        if [line.split() for line in sweep.splitlines()] != [line.split() for line in table.splitlines() if "|" in line]:
            raise Trouble(f"sweep prints {table}")

    stage.case("README: what report and sweep print is what stands there", as_printed)


def calibrate(stage):
    command = "wrongnumber-bench calibrate --p0 0.005 --guard 0.05 --leak --seed 1"
    stage.step(command, says='"mean_misdirected"')

    def as_printed():
        rows = re.findall(r"\| (?:all|half|a tenth) \| ([\d.]+) \| (\d+) \| (\d+) \|", (ROOT / "README.md").read_text("utf-8"))
        told = [(f"{row['mean_misdirected']:.1f}".removesuffix(".0"), str(row["p95_misdirected"]), f"{row['mean_messages']:.0f}")
                for row in json.loads(stage.told[-1])]  # fmt: skip
        if rows != told:
            raise Trouble(f"calibrate says {told}")

    stage.case("README: the table of calibrate", as_printed)


def prepare(stage):
    """Broker, Redis, keys, data; a queue of messages with a wrong list for each lender."""
    stage.start("exec redis-server --port 0 --unixsocket redis.sock --save '' --appendonly no", "redis")
    stage.stays("wrongnumber-bench sandbox --bootstrap-file bootstrap", "sandbox")
    stage.wait("the broker", lambda: stage.text("bootstrap").strip())
    stage.step("openssl rand -hex 32 > key")
    (stage.work / "key").chmod(0o600)
    bootstrap = stage.text("bootstrap").strip()
    stage.words["BROKER"] = bootstrap
    (stage.work / "wrongnumber.yaml").write_text(CONFIG.format(bootstrap=bootstrap, work=stage.work), "utf-8")
    stage.run("wrongnumber-bench generate --seed 11 --messages %d --tenants 2 --campaigns 4 --incident wrong_list:at=30%%,size=40 "
              "--incident wrong_list:at=50%%,size=40 --out input && ln -s input/relationships.ndjson . && "
              "cp input/relationships.ndjson people.ndjson && head -n 1 input/events.ndjson >event.json" % MESSAGES)  # fmt: skip
    stage.wait("Redis", lambda: (stage.work / "redis.sock").exists())


def check_and_load(stage):
    stage.step("wrongnumber check -c FILE", says="good")
    stage.step("wrongnumber check -c COPY", says="good")
    stage.step("wrongnumber check --describe", says="policy.mode")
    stage.step("wrongnumber check -c wrongnumber.yaml", says="good")
    stage.step("wrongnumber check -c wrongnumber.yaml --print", says="enforce")
    stage.step("python3 schemas/clients/loader.py --redis unix:redis.sock --key-file key --key-id k1"
               " --watermark 2026-11-22T02:00:00Z people.ndjson", says='"generation"')  # fmt: skip
    stage.step("wrongnumber topics -c FILE --create")
    stage.step("wrongnumber load -c FILE relationships.ndjson", says='"generation"')
    stage.step("wrongnumber explain -c FILE < event.json", says='"verdict"')


def begin(stage, chat):
    """The processor, and what stands around it. Joining their groups takes some seconds, in which other commands are tried."""
    stage.words["URL"] = f"http://127.0.0.1:{chat.server.server_port}/"
    processor = stage.stays("wrongnumber run -c FILE", "processor")
    stage.words["PID"] = str(processor.pid)
    stage.run("kcat -b BROKER -L -t my.queue")  # the sandbox makes a topic when it is asked for
    stage.stays("kcat -b BROKER -G chat -X auto.offset.reset=earliest -J -u collections.alerts.v1 | "
                "python3 schemas/clients/alert_lines.py --seen seen.txt --shape feishu --webhook URL", "chat")  # fmt: skip
    stage.stays("kcat -b BROKER -G sender -X auto.offset.reset=earliest -J -u my.queue collections.quarantine-commands.v1 "
                "collections.verdicts.v1 | python3 schemas/clients/sender.py --store sender.db --gateway sent.ndjson --queue my.queue "
                "--gate | kcat -b BROKER -P -t collections.outbound.v1", "sender")  # fmt: skip
    stage.run("kcat -b BROKER -P -t my.queue < input/events.ndjson")
    return processor


def held_campaigns(stage):
    """Waits until both wrong lists are held; returns what is held."""
    found = []

    def are_held():
        held = stage.json_of("wrongnumber status -c FILE --json")["held"]
        found[:] = [one for one in held if one["target"]["kind"] == "campaign" and "wrong_list" in one["target"]["id"]]
        return len(found) == 2

    stage.wait("two holds", are_held)
    return found


def mended(stage, held):
    """Messages of a held campaign to the right people: its list was mended."""
    labels = {label["message_id"]: label for label in stage.lines("input/labels.ndjson")}
    good = [event for event in stage.lines("input/events.ndjson") if event.get("tenant_id") == held["target"]["tenant_id"]
            and labels[event["message_id"]]["expected"] == "clear"][:MENDED]  # fmt: skip
    events = [{**event, "message_id": "mended-" + event["message_id"], "campaign_id": held["target"]["id"]} for event in good]
    (stage.work / "mended.ndjson").write_text("".join(json.dumps(event) + "\n" for event in events), "utf-8")
    stage.run("kcat -b BROKER -P -t my.queue < mended.ndjson")
    return {event["message_id"] for event in events}


def on_call(stage, processor):
    """An incident from its alert to its end, by README and RUNBOOK, each with one of the two."""
    first, second = held_campaigns(stage)
    # What is still on its way when somebody releases would be judged under the canary, and hold it again.
    stage.wait("verdicts", lambda: stage.judged() == MESSAGES)
    events = stage.lines("input/events.ndjson")
    tenant = first["target"]["tenant_id"]
    vendors = sorted({event["vendor_id"] for event in events if event.get("tenant_id") == tenant and event.get("vendor_id")})
    stage.words.update(ID=first["incident_id"], T=tenant, X="another-campaign", V=vendors[0])
    li_wei = {"WN_OPERATOR": "li.wei"}
    stage.step("export WN_OPERATOR=li.wei")
    stage.step("wrongnumber status -c FILE", says=first["target"]["id"])
    stage.step("wrongnumber status -c FILE --incident ID", says=first["target"]["id"])
    stage.step("wrongnumber acknowledge -c FILE --incident ID --reason TEXT --wait", says="applied", env=li_wei)
    stage.step("wrongnumber hold -c FILE --scope campaign --id X --tenant T --reason TEXT --for 4h --wait", says="applied", env=li_wei)
    stage.step("wrongnumber hold -c FILE --scope vendor --id V --tenant T --for 2h --operator YOU --reason TEXT --wait", 75, "pending")
    stage.words["CONTROL_ID"] = stage.control_id()
    stage.step("wrongnumber confirm -c FILE", says=stage.words["CONTROL_ID"], env={"WN_OPERATOR": "zhang.min"})
    stage.step("wrongnumber confirm -c FILE CONTROL_ID --operator OTHER --reason TEXT --wait", says="applied")
    stage.lift_wide("vendor --id V")
    stage.told.append(stage.run("wrongnumber hold -c FILE --scope tenant --id T --tenant T --for 1h --operator YOU --reason TEXT --wait")[1])
    stage.words["CONTROL_ID"] = stage.control_id()
    stage.step("wrongnumber confirm -c FILE CONTROL_ID --reason TEXT --wait", says="applied", env={"WN_OPERATOR": "zhang.min"})
    stage.lift_wide("tenant --id T")
    ids = mended(stage, first)
    stage.step("wrongnumber release -c FILE --incident ID --reason TEXT --wait", says="applied", env=li_wei)
    stage.case("the mended messages go, through two canaries", lambda: stage.wait("mended", lambda: ids <= set(stage.sent())))
    stage.step("wrongnumber mode -c FILE monitor --scope vendor --id X --tenant T --for 4h --reason TEXT --wait", 75, "pending", li_wei)
    stage.words["ID"] = stage.first_misdirected(tenant)
    stage.step("wrongnumber release -c FILE --message ID --tenant T --reason TEXT --wait", says="applied", env=li_wei)
    stage.words["ID"] = second["incident_id"]
    stage.step("wrongnumber acknowledge -c FILE --incident ID --operator YOU --reason TEXT --wait", says="applied")
    stage.step("wrongnumber release -c FILE --incident ID --operator YOU --reason TEXT --wait", says="applied")
    stage.step("wrongnumber audit verify -c FILE")
    stage.step("wrongnumber audit export -c FILE --incident ID --from-topics")
    stage.step("wrongnumber audit hold add -c FILE --incident ID --operator YOU --reason TEXT")
    stage.step("kill -HUP PID")
    stage.case("the log names the policy", lambda: stage.wait("a policy", lambda: stage.printed("processor", "policy.*in force")))


def sends_to_nobody(stage, released):
    """Of what the example sender was given, in gate mode, nothing went to a wrong number but what a person released, and nothing twice."""
    labels = {label["message_id"]: label["expected"] for label in stage.lines("input/labels.ndjson")}
    clear = {message_id for message_id, expected in labels.items() if expected == "clear"}

    def is_so():
        stage.wait("all that is clear", lambda: clear <= set(stage.sent()))
        sent = stage.sent()
        if len(sent) != len(set(sent)) or {message_id for message_id in sent if labels.get(message_id) == "misdirected"} - released:
            raise Trouble("sent twice, or to a wrong number")

    stage.case("the sender has sent what is clear, once, and nothing else", is_so)


def all_of_them(stage):
    """What no function above names is executed all the same, and nothing of NOT_HERE is out of date."""
    found = [command for page in PAGES for command in documents.of_page((ROOT / page).read_text("utf-8"))]
    found += [command for head in HEADS for command in documents.of_head((ROOT / head).read_text("utf-8"))]
    texts = {re.sub(r"\s+#.*", "", command) for command in found}
    matched = set()
    for command in sorted(texts - stage.executed):
        reasons = [pattern for pattern in documents.NOT_HERE if re.match(pattern, command)]
        matched.update(reasons)
        if not reasons:
            stage.step(command, env={"WN_OPERATOR": "li.wei"})
    stale = [*(stage.executed - texts), *(set(documents.NOT_HERE) - matched)]

    def none_is_stale():
        if stale:
            raise Trouble(f"stands in no document: {stale}")

    stage.case("what is tried stands in the documents", none_is_stale)


def main():
    build, work = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    stage, chat = Stage(build, work), Chat()
    days = Stage(build, work / "days")  # without Kafka and Redis, beside the others
    thread = threading.Thread(target=lambda: (made_up_days(days), calibrate(days)))
    thread.start()
    try:
        prepare(stage)
        check_and_load(stage)
        processor = begin(stage, chat)
        stage.stays("wrongnumber watch -c FILE", "watch")
        sync = stage.stays("wrongnumber sync -c FILE", "sync")
        drill = stage.stays("wrongnumber drill -c FILE --operator NAME --reason TEXT", "drill")
        again = stage.stays("wrongnumber drill -c FILE --operator YOU --reason TEXT", "again")
        on_call(stage, processor)
        sends_to_nobody(stage, {stage.first_misdirected(stage.words["T"])})
        stage.done("sync", sync, r"sync")
        stage.done("drill", drill, '"result":"detected"', ends=True)
        stage.done("again", again, '"result":"detected"', ends=True)
        stage.done("watch", None, "campaign")
        stage.case("the chat was told", lambda: stage.wait("a line", lambda: any("quarantine" in str(line) for line in chat.lines)))
        thread.join()
        stage.executed |= days.executed
        all_of_them(stage)
        stage.done("processor", processor, "run: ends: no error")
    finally:
        stage.end_all()
        chat.server.shutdown()
        thread.join()
    return int(stage.failures + days.failures > 0)


if __name__ == "__main__":
    sys.exit(main())
