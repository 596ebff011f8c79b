#!/usr/bin/env python3
"""documented.py BUILD_DIR WORK_DIR: executes every command of the documents as it stands there.

One stage: the sandbox broker, a private Redis, a processor, and the example sender in front of it, through which the messages of
two lenders go, with two wrong lists among them. The words in capitals are filled in (WORDS) and nothing else is changed. STEPS
says in which order, which exit status is right and what must be told; a command that STEPS does not name is executed at the end
and must succeed, unless documented_commands.NOT_HERE says where it is tried instead. Prints `ok NAME` / `not ok NAME`.
"""

import contextlib
import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

import documented_commands as documents

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ["README.md", "deploy/RUNBOOK.md", "schemas/integration.md", "schemas/redis-keys.md"]
HEADS = ["deploy/wrongnumber.yaml", "deploy/compose/compose.yaml", "deploy/kubernetes/kustomization.yaml", "deploy/docker/Dockerfile",
         "deploy/acl/kafka.acl", "deploy/acl/redis.acl"]  # fmt: skip
MESSAGES, PATIENCE = 900, 20


class Trouble(Exception):
    pass


class Stage:
    def __init__(self, build, work):
        self.build, self.work = build, work
        self.words = {"FILE": "wrongnumber.yaml", "TEXT": "tried", "NAME": "li.wei", "YOU": "li.wei", "OTHER": "zhang.min"}
        self.processes, self.told, self.executed, self.failures = [], [], set(), 0
        self.environment = {**os.environ, "PATH": f"{build}:{os.environ['PATH']}", "no_proxy": "*", "PYTHONDONTWRITEBYTECODE": "1"}
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

    def stays(self, command, name, says, end=True):
        """Executes one that runs until it is told to end: it has done its work when `says` is in what it has printed."""
        self.executed.add(command)

        def executes():
            process = self.start(command, name)
            self.wait(f"{says!r}: {self.text(name + '.err')[-500:]}", lambda: self.printed(name, says) or process.poll() is not None)
            if not self.printed(name, says):
                raise Trouble(f"has ended: {self.text(name + '.out')[-500:]}{self.text(name + '.err')[-800:]}")
            if end and self.end(process) not in (0, -signal.SIGTERM):
                raise Trouble(f"exit status {process.returncode}")

        self.case(command, executes)

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
    stage.stays("wrongnumber-bench sandbox --bootstrap-file bootstrap", "sandbox", r"127\.0\.0\.1:\d+", end=False)
    stage.step("openssl rand -hex 32 > key")
    (stage.work / "key").chmod(0o600)
    bootstrap = stage.text("bootstrap").strip()
    stage.words["BROKER"] = bootstrap
    (stage.work / "wrongnumber.yaml").write_text(CONFIG.format(bootstrap=bootstrap, work=stage.work), "utf-8")
    stage.run("wrongnumber-bench generate --seed 11 --messages %d --tenants 2 --campaigns 4 --incident wrong_list:at=30%%,size=60 "
              "--incident wrong_list:at=50%%,size=60 --out input && ln -s input/relationships.ndjson . && "
              "cp input/relationships.ndjson people.ndjson && head -n 1 input/events.ndjson >event.json" % MESSAGES)  # fmt: skip
    stage.wait("Redis", lambda: (stage.work / "redis.sock").exists())


def begin(stage, chat):
    stage.words["URL"] = f"http://127.0.0.1:{chat.server.server_port}/"
    stage.step("wrongnumber check -c FILE", says="good")
    stage.step("wrongnumber check --describe", says="policy.mode")
    stage.step("wrongnumber check -c wrongnumber.yaml", says="good")
    stage.step("wrongnumber check -c wrongnumber.yaml --print", says="enforce")
    stage.step("python3 schemas/clients/loader.py --redis unix:redis.sock --key-file key --key-id k1"
               " --watermark 2026-11-22T02:00:00Z people.ndjson", says='"generation"')  # fmt: skip
    stage.step("wrongnumber topics -c FILE --create")
    stage.step("wrongnumber load -c FILE relationships.ndjson", says='"generation"')
    stage.step("wrongnumber explain -c FILE < event.json", says='"verdict"')
    stage.step("export WN_OPERATOR=li.wei")
    stage.stays("wrongnumber run -c FILE", "processor", "detect: tally partition 3: folding", end=False)
    stage.run("kcat -b BROKER -L -t my.queue")  # the sandbox makes a topic when it is asked for
    stage.stays("kcat -b BROKER -G chat -X auto.offset.reset=earliest -J -u collections.alerts.v1 | python3 schemas/clients/alert_lines.py --seen seen.txt "
                "--shape feishu --webhook URL", "chat", "", end=False)  # fmt: skip
    stage.stays("kcat -b BROKER -G sender -X auto.offset.reset=earliest -J -u my.queue collections.quarantine-commands.v1 collections.verdicts.v1 | "
                "python3 schemas/clients/sender.py --store sender.db --gateway sent.ndjson --queue my.queue --gate | "
                "kcat -b BROKER -P -t collections.outbound.v1", "sender", "", end=False)  # fmt: skip
    stage.run("kcat -b BROKER -P -t my.queue < input/events.ndjson")


def held_campaigns(stage):
    """Waits for both incidents; their ids, lenders and campaigns."""
    found = []

    def are_held():
        status = stage.json_of("wrongnumber status -c FILE --json")
        found[:] = [held for held in status["held"] if held["target"]["kind"] == "campaign"]
        return len(found) >= 2

    stage.wait("two holds", are_held)
    return found


def main():
    build, work = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    stage, chat = Stage(build, work), Chat()
    try:
        made_up_days(stage)
        calibrate(stage)
        prepare(stage)
        begin(stage, chat)
        print(json.dumps(held_campaigns(stage)))
    finally:
        stage.end_all()
        chat.server.shutdown()
    return int(stage.failures > 0)


if __name__ == "__main__":
    sys.exit(main())
