"""deploy_files.py BUILD_DIR: what the files of deploy/ say of one another, and of the program, is so."""
import json
import os
import re
import subprocess
import sys
import tempfile

import yaml

build = os.path.abspath(sys.argv[1])
failures = 0


def result(name, wrong):
    global failures
    for line in wrong:
        print(f"  {line}")
    print(f"{'not ' if wrong else ''}ok lint.deploy.{name}")
    failures += bool(wrong)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def documents(path):
    return [one for one in yaml.safe_load_all(read(path)) if one]


def described():
    """The defaults of the configuration, by `check --describe`."""
    text = subprocess.run([f"{build}/wrongnumber", "check", "--describe"], capture_output=True, text=True, check=True).stdout
    return dict(re.findall(r"^(\S+)\n +\S+, default (.*?):(?: |$)", text, re.M))


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text).group(1))


def check_config(path, environment):
    """What `check` says against a configuration, its key file being made up."""
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/key", "w", encoding="utf-8") as key:
            key.write("07" * 32)
        with open(f"{folder}/c.yaml", "w", encoding="utf-8") as config:
            config.write(re.sub(r"/run/secrets/wrongnumber/\w+", f"{folder}/key", read(path)))
        run = subprocess.run([f"{build}/wrongnumber", "check", "-c", f"{folder}/c.yaml"], capture_output=True, text=True,
                             env=os.environ | environment)
        return [] if run.returncode == 0 else [f"{path}: {run.stderr.strip()}"]


# --- the image ---------------------------------------------------------------------------------------------------------


def check_dockerfile(path, defaults):
    lines = [line for line in read(path).replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]
    steps = [line.split(None, 1) for line in lines]
    stages = [text for word, text in steps if word == "FROM"]
    last = steps[max(i for i, (word, _) in enumerate(steps) if word == "FROM"):]
    final = {word: text for word, text in last}
    wrong = []
    if stages != ["debian:12 AS build", "debian:12-slim"]:
        wrong.append(f"stages {stages}")
    if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", final.get("USER", "")):
        wrong.append("the last USER is no number, or root")
    if final.get("STOPSIGNAL") != "SIGTERM":
        wrong.append("STOPSIGNAL")
    for word in ("ENTRYPOINT", "CMD"):
        try:
            form = json.loads(final[word])
            if not all(isinstance(part, str) for part in form):
                raise ValueError(form)
        except (KeyError, ValueError):
            wrong.append(f"{word} is not in exec form")
    for word, text in steps:
        if word == "RUN" and "apt-get install" in text and not ("-y --no-install-recommends" in text and "rm -rf /var/lib/apt/lists" in text):
            wrong.append(f"RUN {text[:60]}")
        if word == "COPY" and "--from" not in text and not all(os.path.exists(source) for source in text.split()[:-1]):
            wrong.append(f"COPY {text}")
        if word == "ADD":
            wrong.append("ADD")
    # It is built as README's "Install" says.
    how = re.search(r"cmake -S \. -B build/package (.*)", read("README.md")).group(1)
    if f"cmake -S . -B /build {how}" not in re.sub(r"\s+", " ", read(path).replace("\\\n", " ")):
        wrong.append(f"README builds with {how}")
    port = re.search(r"EXPOSE (\d+)", read(path)).group(1)
    if seconds(defaults["drain"]) >= int(re.search(r"docker stop -t (\d+)", read(path)).group(1)):
        wrong.append("docker stop is given less time than a drain takes")
    return wrong, port


# --- compose -----------------------------------------------------------------------------------------------------------


def check_compose(folder, defaults, port):
    compose = yaml.safe_load(read(f"{folder}/compose.yaml"))
    services = compose["services"]
    wrong = [f"top level has {key}" for key in compose if key not in ("services", "volumes")]
    for name, service in services.items():
        if name != "topics" and "healthcheck" not in service:
            wrong.append(f"{name} has no healthcheck")
        for other, how in service.get("depends_on", {}).items():
            if other not in services:
                wrong.append(f"{name} waits for {other}, which is not there")
            elif how["condition"] == "service_healthy" and "healthcheck" not in services[other]:
                wrong.append(f"{name} waits for the health of {other}")
        for published in service.get("ports", []):
            if not published.startswith("127.0.0.1:"):
                wrong.append(f"{name} is published as {published}")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                # The dashboard is not everywhere yet.
                if not os.path.exists(os.path.join(folder, source)) and source != "../grafana":
                    wrong.append(f"{name} mounts {source}, which is not there")
            elif source not in compose["volumes"]:
                wrong.append(f"{name} mounts {source}, which is no volume")
        image = service["image"]
        if image.endswith(":latest") or ":" not in image:
            wrong.append(f"{image} has no version")
    ours = services["wrongnumber"]
    if seconds(ours["stop_grace_period"]) <= seconds(defaults["drain"]):
        wrong.append("stop_grace_period is no longer than a drain")
    if f":{port}/healthz" not in " ".join(ours["healthcheck"]["test"]):
        wrong.append("the healthcheck asks at another port")
    config = yaml.safe_load(read(f"{folder}/wrongnumber.yaml"))
    if not config["ops"]["listen"].endswith(f":{port}"):
        wrong.append("ops.listen has another port")
    for address in (config["kafka"]["bootstrap"], config["redis"]["address"]):
        if address.split(":")[0] not in services:
            wrong.append(f"{address} is no service")
    scraped = yaml.safe_load(read(f"{folder}/prometheus.yml"))["scrape_configs"][0]["static_configs"][0]["targets"]
    if scraped != [f"wrongnumber:{port}"]:
        wrong.append(f"Prometheus scrapes {scraped}")
    return wrong + check_config(f"{folder}/wrongnumber.yaml", {})


# --- Kubernetes --------------------------------------------------------------------------------------------------------


def check_deployment(one, defaults, port, config_map):
    spec = one["spec"]["template"]["spec"]
    container, = spec["containers"]
    role = one["metadata"]["labels"]["app.kubernetes.io/component"]
    wrong = []

    def need(condition, text):
        if not condition:
            wrong.append(f"{one['metadata']['name']}: {text}")

    need(one["spec"]["selector"]["matchLabels"].items() <= one["spec"]["template"]["metadata"]["labels"].items(), "selector")
    need(spec["terminationGracePeriodSeconds"] > seconds(defaults["drain"]) + 5, "it is killed before it has drained")
    need(spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["runAsUser"] > 0, "it runs as root")
    inner = container["securityContext"]
    need(inner["readOnlyRootFilesystem"] and not inner["allowPrivilegeEscalation"], "securityContext")
    need(inner["capabilities"]["drop"] == ["ALL"], "capabilities")
    need([row["containerPort"] for row in container["ports"] if row["name"] == "ops"] == [int(port)], "port")
    for probe, path in (("livenessProbe", "/healthz"), ("readinessProbe", "/readyz"), ("startupProbe", "/healthz")):
        need(container[probe]["httpGet"] == {"path": path, "port": "ops"}, probe)
    names = {row["name"] for row in spec["volumes"]}
    need({row["name"] for row in container["volumeMounts"]} == names, "mounts and volumes")
    need([row["configMap"]["name"] for row in spec["volumes"] if "configMap" in row] == [config_map], "configMap")
    environment = {row["name"]: row["value"] for row in container["env"]}
    need(environment["WN_ROLE"] == role, "WN_ROLE")
    need("replicas" not in one["spec"], "replicas are set twice, here and by KEDA")
    return wrong + check_config("deploy/kubernetes/wrongnumber.yaml", environment), environment


def check_kubernetes(folder, defaults, port):
    kustomization = yaml.safe_load(read(f"{folder}/kustomization.yaml"))
    there = {name for name in os.listdir(folder) if name.endswith(".yaml")}
    generator, = kustomization["configMapGenerator"]
    named = set(kustomization["resources"]) | set(generator["files"]) | {"kustomization.yaml"}
    wrong = [f"{name} is named or there, and not both" for name in named ^ there]
    every = [one for name in kustomization["resources"] for one in documents(f"{folder}/{name}")]
    by_kind = {}
    for one in every:
        by_kind.setdefault(one["kind"], {})[one["metadata"]["name"]] = one
    deployments = by_kind["Deployment"]
    bootstraps = set()
    for one in deployments.values():
        found, environment = check_deployment(one, defaults, port, generator["name"])
        wrong += found
        bootstraps.add(environment["KAFKA_BOOTSTRAP"])
    for name, one in by_kind["PodDisruptionBudget"].items():
        if one["spec"]["selector"] != deployments[name]["spec"]["selector"] or one["spec"]["maxUnavailable"] != 1:
            wrong.append(f"disruption budget {name}")
    group = defaults["kafka.group"]
    wanted = {"wrongnumber-judge": (group, defaults["topics.outbound"], int(defaults["topics.outbound_partitions"])),
              "wrongnumber-detect": (f"{group}.detect", defaults["topics.tallies"], int(defaults["topics.tally_partitions"]))}
    for name, one in by_kind["ScaledObject"].items():
        trigger, = one["spec"]["triggers"]
        said = trigger["metadata"]
        found = (said["consumerGroup"], said["topic"], one["spec"]["maxReplicaCount"])
        if one["spec"]["scaleTargetRef"]["name"] != name or wanted[name] != found:
            wrong.append(f"{name} scales by {found}, not {wanted[name]}")
        if one["spec"]["minReplicaCount"] < 1:
            wrong.append(f"{name} may be scaled to nothing")
        if {said["bootstrapServers"]} != bootstraps:
            wrong.append(f"{name} asks another Kafka")
    if set(by_kind["ScaledObject"]) != set(deployments) or set(by_kind["PodDisruptionBudget"]) != set(deployments):
        wrong.append("a Deployment is not scaled, or has no disruption budget")
    policy, = by_kind["NetworkPolicy"].values()
    if policy["spec"]["ingress"][0]["ports"] != [{"port": int(port)}] or set(policy["spec"]["policyTypes"]) != {"Ingress", "Egress"}:
        wrong.append("the NetworkPolicy lets others in")
    return wrong


defaults = described()
dockerfile, port = check_dockerfile("deploy/docker/Dockerfile", defaults)
result("dockerfile", dockerfile)
result("compose_agrees", check_compose("deploy/compose", defaults, port))
result("kubernetes", check_kubernetes("deploy/kubernetes", defaults, port))
sys.exit(failures > 0)
