"""`ottla produce` and `ottla consume` against Kafka's own tools and kcat: the same records, the same topic shape, in turns.

On one node, records of 100 bytes from a file of lines. What counts are the ratios of the medians.
  ottla    ottla produce TOPIC < FILE,  ottla consume TOPIC > FILE
  kafka    kafka-producer-perf-test and kafka-consumer-perf-test (the classes; they make up records, and print none)
  kcat     kcat -P -l FILE,  kcat -C -e > FILE (only where it is installed: apt-get install kcat)
All with acks=all and snappy, from start to end of the process: that is what a person waits for.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ottla.local import Silent
from ottla.local.artifacts import TOOLS, ensure_jars
from ottla.local.jvm import environment, java_command
from ottla.model.topic import Topic
from ottla.platform import Platform

if TYPE_CHECKING:
    from ottla.platform import LocalPlatform

ROUNDS = 3
RECORDS = 500_000
SIZE = 100
OTTLA = Path(sys.executable).parent / "ottla"
SPEC = Path(__file__).parent.parent / "platform.yaml"
PERF = "org.apache.kafka.tools"


def timed(command: list[str], *, stdin: Path | None = None, stdout: Path | None = None) -> float:
    """Seconds that a command takes as a whole."""
    with (stdin or Path("/dev/null")).open("rb") as given, (stdout or Path("/dev/null")).open("wb") as taken:
        started = time.monotonic()
        done = subprocess.run(command, stdin=given, stdout=taken, stderr=subprocess.PIPE, check=False, env=environment())
        took = time.monotonic() - started
    assert done.returncode == 0, done.stderr.decode()
    return took


def fresh_topic(platform: LocalPlatform, name: str) -> str:
    """A topic of one partition with nothing in it."""
    access = platform.access()
    plan = access.plan_create([Topic(name, 1, 1, {})])
    access.apply(plan, accept=frozenset(), said=lambda _: None)
    return name


def tools(folder: Path, server: str, topic: str) -> tuple[list[str], list[str]]:
    """The commands of Kafka's own tools: produce, consume."""
    java = [str(java_command()), "-Xmx512M", "-cp", ":".join(map(str, ensure_jars("4.3.1", TOOLS, report=Silent())))]
    client = folder / "client.properties"
    client.write_text(f"bootstrap.servers={server}\nacks=all\ncompression.type=snappy\nlinger.ms=5\n")
    produce = ["--topic", topic, "--num-records", str(RECORDS), "--record-size", str(SIZE), "--throughput", "-1"]
    consume = ["--bootstrap-server", server, "--topic", topic, "--num-records", str(RECORDS)]
    return (
        [*java, f"{PERF}.ProducerPerformance", *produce, "--command-config", str(client)],
        [*java, f"{PERF}.ConsumerPerformance", *consume],
    )


def one_round(platform: LocalPlatform, folder: Path, number: int, lines: Path) -> dict[str, float]:
    """Each tool writes and reads its own fresh topic."""
    server = platform.cluster.made().bootstrap_servers[0]
    spec = ["-f", str(folder / "platform.yaml"), "-e", "laptop"]
    out = folder / "out"
    took = {}
    topic = fresh_topic(platform, f"ottla-{number}")
    took["ottla produce"] = timed([str(OTTLA), "produce", topic, *spec], stdin=lines)
    took["ottla consume"] = timed([str(OTTLA), "consume", topic, *spec], stdout=out)
    assert out.stat().st_size == lines.stat().st_size
    produce, consume = tools(folder, server, fresh_topic(platform, f"kafka-{number}"))
    took["kafka produce"], took["kafka consume"] = timed(produce), timed(consume)
    kcat = shutil.which("kcat")
    if kcat:
        topic = fresh_topic(platform, f"kcat-{number}")
        common = ["-b", server, "-t", topic]
        took["kcat produce"] = timed([kcat, "-P", *common, "-X", "acks=all", "-z", "snappy", "-l", str(lines)])
        took["kcat consume"] = timed([kcat, "-C", *common, "-e", "-q"], stdout=out)
        assert out.stat().st_size == lines.stat().st_size
    return took


def main() -> None:
    """Measure in turns and print figures and ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(SPEC, folder)
        lines = folder / "lines"
        lines.write_bytes(b"".join(b"%0*d\n" % (SIZE - 1, number) for number in range(RECORDS)))
        platform = Platform.load(folder / "platform.yaml").on("laptop")
        try:
            platform.up()
            rounds = [one_round(platform, folder, number, lines) for number in range(ROUNDS + 1)][1:]  # the first one warms up
        finally:
            platform.wipe()
    medians = {tool: statistics.median(each[tool] for each in rounds) for tool in rounds[0]}
    for tool, seconds in medians.items():
        print(f"{tool:14} {seconds:6.2f} s  {RECORDS / seconds:10,.0f} records/s")
    ratios = {}
    for verb in ("produce", "consume"):
        for other in ("kafka", "kcat"):
            if f"{other} {verb}" in medians:
                ratios[f"{verb}/{other}"] = medians[f"ottla {verb}"] / medians[f"{other} {verb}"]
                print(f"ottla {verb} / {other}: {ratios[f'{verb}/{other}']:.2f}")
    if "kcat produce" not in medians:
        print("kcat is not installed: apt-get install kcat")
    print(json.dumps({"records": RECORDS, "bytes": SIZE, "medians_seconds": medians, "ratios": ratios}))


if __name__ == "__main__":
    main()
