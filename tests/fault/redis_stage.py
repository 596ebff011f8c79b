"""The stage on which the faults of redis_faults.py are played: a sandbox broker, a Redis behind a proxy, `wrongnumber run`
under a steady stream of healthy messages, and ears on what it says. Standard library and kcat only."""
import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

TENANTS, VENDORS, CAMPAIGNS = 8, 5, 3
RECIPIENTS = 20000
RATE = 1000  # messages a second
STRANGER_EVERY = 400  # of which one goes to nobody: what shows that misses are believed
HERE = os.path.dirname(os.path.abspath(__file__))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(seconds, condition):
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return True
        time.sleep(0.03)
    return condition()


def number(i):
    return "+86139%08d" % i


def tenant(i):
    return "lender-%d" % (i % TENANTS)


def record(i, loan=None):
    return {"recipient": number(i), "parties": [{"tenant_id": tenant(i), "loan_id": loan or "L%d" % i, "status": "overdue"}]}


class Redis:
    """A redis-server of our own on a port of 127.0.0.1."""

    def __init__(self, work, name, *options):
        self.port, self.work, self.name, self.options = free_port(), work, name, options
        self.password = None
        self.process = None
        self.start()

    def start(self):
        folder = os.path.join(self.work, self.name)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "log"), "ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                 "--dir", folder, "--enable-debug-command", "local", "--databases", "16", *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if not wait_until(10, lambda: self.call("PING") == "PONG"):
            raise SystemExit("redis-server does not answer")

    def call(self, *words, timeout=10):
        environment = dict(os.environ, REDISCLI_AUTH=self.password) if self.password else None
        try:
            done = subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True,
                                  timeout=timeout, env=environment, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return ""
        return done.stdout.strip()

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()


class Ear:
    """Everything that is in a topic, as it comes."""

    def __init__(self, stage, topic, hear):
        self.process = subprocess.Popen(
            ["kcat", "-C", "-b", stage.brokers, "-t", topic, "-o", "beginning", "-u", "-q", "-f", "%s\n", "-X",
             "fetch.wait.max.ms=20"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.thread = threading.Thread(target=self.listen, args=(hear,), daemon=True)
        self.thread.start()

    def listen(self, hear):
        for line in self.process.stdout:
            if line.strip():
                hear(json.loads(line), time.time())


class Stage:
    def __init__(self, build):
        self.build = build
        self.work = tempfile.mkdtemp(prefix="redis-faults.")
        self.lock = threading.Lock()
        self.sent = {}  # message id → (when, whether healthy)
        self.verdicts = {}  # message id → (verdict, when heard)
        self.said_twice = []  # healthy messages with two different verdicts
        self.alerts = []  # (type, when heard, record)
        self.scope_commands = []
        self.heard_at = []  # when verdicts were heard, for silences
        self.ears = []
        self.redis = self.proxy = self.sandbox = self.processor = self.producer = None
        self.others = []
        self.is_streaming = False
        self.watermark = 0

    # --- life ---

    def start(self):
        with open(os.path.join(self.work, "key"), "w") as f:
            f.write(bytes(range(32)).hex())
        os.chmod(os.path.join(self.work, "key"), 0o600)
        with open(self.path("people"), "w") as f:
            for i in range(RECIPIENTS):
                f.write(json.dumps(record(i)) + "\n")
        self.redis = Redis(self.work, "redis")
        self.start_proxy()
        self.configure("127.0.0.1:1")
        self.start_sandbox()
        self.configure(self.brokers)
        self.load()
        self.start_ears()
        self.start_processor()
        self.start_stream()
        if not wait_until(20, lambda: self.known_after(0) is not None):
            raise SystemExit("no verdicts come")
        # What piled up while the processor started goes first.
        if not wait_until(10, lambda: self.delay(time.time(), math.inf) < 0.5):
            print("verdicts are still late after 10 s: %.1f s" % self.delay(time.time(), math.inf), file=sys.stderr)

    def path(self, name):
        return os.path.join(self.work, name)

    def configure(self, brokers):
        def text(port):
            return ("kafka:\n  bootstrap: %s\n  group: faults\nredis:\n  address: 127.0.0.1:%d\nverdicts: all\npolicy:\n"
                    "  mode: enforce\npseudonym:\n  key_file: %s\n" % (brokers, port, self.path("key")))
        with open(self.path("run.yaml"), "w") as f:
            f.write(text(self.proxy_port))
        with open(self.path("load.yaml"), "w") as f:  # loaders do not go through the proxy
            f.write(text(self.redis.port))

    def start_proxy(self):
        self.proxy_port = free_port()
        self.proxy = subprocess.Popen(["python3", os.path.join(HERE, "redis_proxy.py"), str(self.proxy_port),
                                       str(self.redis.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.proxy.stdout.readline()

    def tell_proxy(self, order):
        self.proxy.stdin.write(order + "\n")
        self.proxy.stdin.flush()
        self.proxy.stdout.readline()

    def start_sandbox(self):
        self.sandbox = subprocess.Popen(
            [os.path.join(self.build, "wrongnumber-bench"), "sandbox", "-c", self.path("run.yaml"), "--exit-on-eof", "--partitions", "4",
             "--bootstrap-file", self.path("brokers")],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=open(self.path("sandbox.log"), "w"))
        if not wait_until(20, lambda: os.path.exists(self.path("brokers")) and os.path.getsize(self.path("brokers"))):
            raise SystemExit("the sandbox does not start")
        with open(self.path("brokers")) as f:
            self.brokers = f.read().strip()

    def start_processor(self):
        self.processor = subprocess.Popen([os.path.join(self.build, "wrongnumber"), "run", "-c", self.path("run.yaml")],
                                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                          stderr=open(self.path("run.log"), "a"))

    def is_alive(self):
        return self.processor is not None and self.processor.poll() is None

    def load(self, *options, path=None, to=None):
        """A full load, each with a later watermark than the one before."""
        self.watermark = max(self.watermark + 1, int(time.time() * 1000) - 60000)
        config = self.path("load.yaml")
        if to is not None:
            with open(config) as f, open(self.path("other.yaml"), "w") as other:
                other.write(f.read().replace("127.0.0.1:%d" % self.redis.port, "127.0.0.1:%d" % to.port))
            config = self.path("other.yaml")
        at = "%s.%03dZ" % (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.watermark // 1000)), self.watermark % 1000)
        done = subprocess.run([os.path.join(self.build, "wrongnumber"), "load", "-c", config, "--watermark", at, *options,
                               path or self.path("people")], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit("load: " + done.stderr)

    def another_redis(self, name, *options):
        self.others.append(Redis(self.work, name, *options))
        return self.others[-1]

    def end(self):
        self.is_streaming = False
        status = None
        if self.is_alive():
            self.processor.terminate()
            try:
                status = self.processor.wait(30)
            except subprocess.TimeoutExpired:
                self.processor.kill()
        for ear in self.ears:
            ear.process.kill()
            ear.process.wait()
        for process in (self.producer, self.proxy, self.sandbox):
            if process is not None:
                process.kill()
                process.wait()
        for redis in [self.redis, *self.others]:
            if redis is not None:
                redis.kill()
        return status

    def clean(self):
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.work, ignore_errors=True)
        else:
            print("kept", self.work)

    # --- the stream ---

    def start_stream(self):
        self.producer = subprocess.Popen(
            ["kcat", "-P", "-b", self.brokers, "-t", "collections.outbound.v1", "-X", "linger.ms=20", "-X",
             "sticky.partitioning.linger.ms=0", "-X", "topic.partitioner=random"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.is_streaming = True
        self.streamer = threading.Thread(target=self.stream, daemon=True)
        self.streamer.start()

    def message(self, n):
        healthy = n % STRANGER_EVERY != 0
        i = (n * 7919) % RECIPIENTS
        name = ("h%d" if healthy else "s%d") % n
        self.sent[name] = (time.time(), healthy)
        return {"message_id": name, "recipient": number(i if healthy else 50000000 + n),
                "occurred_at": int(time.time() * 1000), "channel": "sms", "purpose": "collection", "tenant_id": tenant(i),
                "campaign_id": "c%d-%d" % (i % TENANTS, n % CAMPAIGNS), "template_id": "t%d" % (n % 2), "sender_id": "1069",
                "vendor_id": "v%d" % (n // 11 % VENDORS), "loan_id": "L%d" % i}

    def stream(self):
        n, begin = 1, time.time()
        while self.is_streaming:
            due = int((time.time() - begin) * RATE)
            lines = []
            while n <= due:
                with self.lock:
                    lines.append(json.dumps(self.message(n)))
                n += 1
            if lines:
                self.producer.stdin.write(("\n".join(lines) + "\n").encode())
                self.producer.stdin.flush()
            time.sleep(0.02)

    def stop_stream(self):
        self.is_streaming = False
        self.streamer.join()
        self.producer.stdin.close()
        self.producer.wait()

    # --- ears ---

    def start_ears(self):
        self.ears = [Ear(self, "collections.verdicts.v1", self.hear_verdict),
                     Ear(self, "collections.alerts.v1", self.hear_alert),
                     Ear(self, "collections.quarantine-commands.v1", self.hear_command)]

    def hear_verdict(self, verdict, at):
        name = verdict["message_id"]
        with self.lock:
            self.heard_at.append(at)
            before = self.verdicts.setdefault(name, (verdict["verdict"], at))
            if before[0] != verdict["verdict"] and name.startswith("h"):
                self.said_twice.append(name)

    def hear_alert(self, alert, at):
        with self.lock:
            self.alerts.append((alert["type"], at, alert))

    def hear_command(self, command, _):
        with self.lock:
            if command["target"]["kind"] != "message":
                self.scope_commands.append(command)

    # --- what was seen ---

    def first_alert(self, kind, since):
        with self.lock:
            return next(((at, alert) for k, at, alert in self.alerts if k == kind and at >= since), None)

    def sent_since(self, since):
        """The messages sent since then, the newest first."""
        with self.lock:
            found = []
            for name, (at, healthy) in reversed(self.sent.items()):
                if at < since:
                    break
                found.append((name, at, healthy))
        return found

    def first_verdict(self, healthy, wanted, since):
        """When it was first said of a message that was sent since then."""
        return min((self.verdicts[name][1] for name, _, is_healthy in self.sent_since(since)
                    if is_healthy == healthy and self.verdicts.get(name, ("",))[0] == wanted), default=None)

    def known_after(self, since):
        """When healthy messages sent since then were clear again, and strangers misdirected."""
        clear = self.first_verdict(True, "clear", since)
        missed = self.first_verdict(False, "misdirected", since)
        return None if clear is None or missed is None else max(clear, missed)

    def counts(self, since, until):
        counts = {}
        for name, at, healthy in self.sent_since(since):
            if healthy and at < until:
                said = self.verdicts.get(name, ("none yet",))[0]
                counts[said] = counts.get(said, 0) + 1
        return counts

    def longest_silence(self, since, until):
        with self.lock:
            newest = self.heard_at[-int((until - since + 5) * 2 * RATE):]
        times = [since] + [t for t in newest if since <= t <= until] + [until]
        return max(b - a for a, b in zip(times, times[1:]))

    def delay(self, until, silent=0.0):
        """What the machine itself takes, as busy as it is: from a message's sending to its verdict, all but the slowest
        twentieth of those heard in the second before; `silent` where none was."""
        with self.lock:
            took = sorted(heard - self.sent[name][0] for name, (_, heard) in self.verdicts.items() if until - 1 <= heard < until)
        return took[len(took) * 19 // 20] if took else silent

    def missing(self):
        with self.lock:
            return [name for name in self.sent if name not in self.verdicts]

    def misdirected_healthy(self):
        with self.lock:
            return [name for name, (_, healthy) in self.sent.items()
                    if healthy and self.verdicts.get(name, ("",))[0] == "misdirected"] + self.said_twice
