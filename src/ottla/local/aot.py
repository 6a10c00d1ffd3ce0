"""The AOT cache (JEP 483, 514, 515): made once for each Kafka, JRE and flags by running a scratch node; never fatal.

With it a node is ready in half the time. A cache that the JVM refuses is thrown away, and made again at the next start.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ottla.errors import OttlaError
from ottla.files import locked, private_folder
from ottla.local.artifacts import JMX_AGENT, JSON_LAYOUT, cache_folder, lock_text
from ottla.local.jvm import JvmMode, aot_cache_of, aot_key, aot_refused
from ottla.local.layout import Layout
from ottla.local.processes import command_line, find_processes, stop_processes
from ottla.spec.versions import JMX_AGENT_VERSION, LOG4J_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import psutil

    from ottla.local.jvm import Runtime
    from ottla.local.report import Reporter

TRAINING = "train-"


def cache_path(
    kafka_version: str, *, with_agent: bool = False, with_ecs_logs: bool = False, mode: JvmMode = JvmMode.QUICK
) -> Path:
    """Where the AOT cache of this Kafka lies, if it was made; nodes with the JMX agent, or JSON logs, have one of their own."""
    agent = [lock_text(JMX_AGENT_VERSION, JMX_AGENT)] if with_agent else []
    layout = [lock_text(LOG4J_VERSION, JSON_LAYOUT)] if with_ecs_logs else []
    return cache_folder() / "aot" / f"kafka-{kafka_version}-{aot_key(lock_text(kafka_version), *agent, *layout, mode=mode)}.aot"


def with_aot_cache(
    runtime: Runtime, kafka_version: str, *, train: Callable[[Runtime, Layout, Path], None], report: Reporter
) -> Runtime:
    """``runtime`` with its AOT cache, made by ``train`` if there is none. A failure is a note: nodes start without it.

    ``train`` runs a scratch node in the given layout so that its JVM writes the given file when it ends.
    """
    path = cache_path(kafka_version, with_agent=runtime.agent is not None, with_ecs_logs=runtime.ecs_logs, mode=runtime.mode)
    if path.exists():
        return replace(runtime, aot_cache=path)
    try:
        private_folder(path.parent)
        with locked(path.with_suffix(".lock"), waiting=lambda who: report.step(f"waiting for {who}, which trains the JVM")):
            if not path.exists():
                _make(runtime, path, train, report)
    except (OttlaError, OSError) as error:
        report.note(f"no start-up cache for the JVM, so nodes start more slowly: {error}")
        return runtime
    return replace(runtime, aot_cache=path)


def _make(runtime: Runtime, path: Path, train: Callable[[Runtime, Layout, Path], None], report: Reporter) -> None:
    report.step("training the JVM once, so that every later start is quick")
    # The folder stands in the cache, so that moving the result into place is one rename on one volume.
    for left in path.parent.glob(f"{TRAINING}*"):  # of a run that was killed; nobody else trains while the lock is held
        stop_processes(find_processes({1: Layout(left).node(1).properties}))
        shutil.rmtree(left, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=TRAINING, dir=path.parent))
    try:
        made = scratch / path.name
        train(runtime, Layout(scratch), made)
        made.replace(path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def drop_refused_cache(layout: Layout, processes: Mapping[int, psutil.Process], *, report: Reporter) -> None:
    """Throw away a cache that the JVM of a running node refused.

    Each node is heard once, and its word is removed: a cache that was made anew since then is not thrown away for it. (Times
    of files and processes would not tell: the clock may have been moved.)
    """
    for node_id, process in processes.items():
        files = layout.node(node_id)
        cache = aot_cache_of(command_line(process))
        if cache is None or not aot_refused(files):
            continue
        with suppress(OSError):  # in a cache that is not ours it stays
            files.aot_log.unlink(missing_ok=True)
            if cache.exists():
                cache.unlink()
                report.note("the JVM refused its start-up cache; it is made anew at the next start")
