"""Resolve the jars of each Kafka release, the JMX agent, the JSON layout and Strimzi, and write their locks: `make lock-kafka`.

Needs the network.

The lock holds coordinates, sha256 and size, and no address: where jars come from is the user's setting at run time.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

from jgo.maven import Dependency, MavenContext

from ottla.local.artifacts import JMX_AGENT, JSON_LAYOUT, KAFKA, TOOLS
from ottla.spec.versions import DEFAULT_KAFKA_VERSION, JMX_AGENT_VERSION, KAFKA_VERSIONS, LOG4J_VERSION

ROOT = Path(__file__).parent.parent
LOCKS = ROOT / "src" / "ottla" / "local" / "locks"
# Without the binding for SLF4J a broker writes no log at all.
LOGGING = ("org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J_VERSION)
SETS = (
    *((KAFKA, "org.apache.kafka", "kafka_2.13", version) for version in KAFKA_VERSIONS),
    (TOOLS, "org.apache.kafka", "kafka-tools", DEFAULT_KAFKA_VERSION),
    (JMX_AGENT, "io.prometheus.jmx", "jmx_prometheus_javaagent", JMX_AGENT_VERSION),
    (JSON_LAYOUT, "org.apache.logging.log4j", "log4j-layout-template-json", LOG4J_VERSION),
)
# Only tests run these: what makes the custom resource definitions that they install.
STRIMZI = "1.2.0"
STRIMZI_LOCK = ROOT / "tests" / "kubernetes" / "locks" / f"strimzi-{STRIMZI}.json"


def resolve(wanted: list[tuple[str, str, str]], cache: Path) -> list[dict[str, str | int]]:
    """Every jar that is needed to run what is wanted, sorted by its coordinates."""
    context = MavenContext(repo_cache=cache, timeout=60)
    # raw: the POM of the logging binding must not manage the versions of Kafka's own jars
    inputs = [
        Dependency(context.project(group, artifact).at_version(number).artifact(), raw=True) for group, artifact, number in wanted
    ]
    resolved, transitive = context.resolver.resolve(inputs)
    jars: list[dict[str, str | int]] = []
    for dependency in (*resolved, *transitive):
        data = Path(dependency.artifact.resolve()).read_bytes()
        coordinates = f"{dependency.groupId}:{dependency.artifactId}:{dependency.version}"
        jars.append({"jar": coordinates, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)})
    return sorted(jars, key=lambda jar: str(jar["jar"]))


def main() -> None:
    """Write a lock for every version in the table."""
    for jar_set, group, artifact, version in SETS:
        logs = [] if jar_set in {JMX_AGENT, JSON_LAYOUT} else [LOGGING]
        with tempfile.TemporaryDirectory() as cache:
            jars = resolve([(group, artifact, version), *logs], Path(cache))
        if jar_set == JSON_LAYOUT:  # what it needs is Kafka's already
            jars = [jar for jar in jars if str(jar["jar"]).startswith(f"{group}:{artifact}:")]
        write(LOCKS / f"{jar_set}-{version}.json", KAFKA if logs else jar_set, version, jars)
    with tempfile.TemporaryDirectory() as cache:
        jars = resolve([("io.strimzi", artifact, STRIMZI) for artifact in ("api", "crd-generator")], Path(cache))
    write(STRIMZI_LOCK, "strimzi", STRIMZI, jars)


def write(path: Path, what: str, version: str, jars: list[dict[str, str | int]]) -> None:
    """Write one lock, and say so."""
    path.write_text(json.dumps({what: version, "jars": jars}, indent=1) + "\n", encoding="utf-8")
    print(f"{path}: {len(jars)} jars, {sum(int(jar['size']) for jar in jars):,} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
