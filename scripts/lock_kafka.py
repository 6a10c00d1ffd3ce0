"""Resolve the jars of a Kafka release and write their lock: `make lock-kafka`. Needs the network.

The lock holds coordinates, sha256 and size, and no address: where jars come from is the user's setting at run time.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

from jgo.maven import Dependency, MavenContext

from ottla.spec.versions import KAFKA_VERSIONS

LOCKS = Path(__file__).parent.parent / "src" / "ottla" / "local" / "locks"
# Without the binding for SLF4J a broker writes no log at all.
LOGGING = ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.4")


def resolve(version: str, cache: Path) -> list[dict[str, str | int]]:
    """Every jar that Kafka needs to run, sorted by its coordinates."""
    context = MavenContext(repo_cache=cache, timeout=60)
    wanted = [("org.apache.kafka", "kafka_2.13", version), LOGGING]
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
    for version in KAFKA_VERSIONS:
        with tempfile.TemporaryDirectory() as cache:
            jars = resolve(version, Path(cache))
        path = LOCKS / f"kafka-{version}.json"
        path.write_text(json.dumps({"kafka": version, "jars": jars}, indent=1) + "\n", encoding="utf-8")
        print(f"{path}: {len(jars)} jars, {sum(int(jar['size']) for jar in jars):,} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
