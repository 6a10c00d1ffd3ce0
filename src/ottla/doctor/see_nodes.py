"""What can be seen of nodes on this machine: processes, ports, data, logs, memory. None of it asks Kafka."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import psutil

from ottla.doctor.evidence import Machine, NodeSeen, NoWriting
from ottla.errors import LocalError
from ottla.local.faults.answering import Answer, ask
from ottla.local.guards import DATA_LOCK, is_in_use
from ottla.local.log_lines import as_text
from ottla.local.memory import cgroup_limit, heap_of
from ottla.local.node import FIRST_LOG_LINE, FRAME, JVM_WARNING, META_PROPERTIES, has_run, is_blank, stopped_cleanly
from ottla.local.ports import holder, is_free
from ottla.local.processes import is_paused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ottla.local.cluster import LocalCluster
    from ottla.local.layout import NodeFiles
    from ottla.local.record import NodeAddress

TAIL_BYTES = 4 * 1024**2  # of a log
WORDS = 12
LINE = 300
EVENT = re.compile(r"\[(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+\] (?P<level>[A-Z]+) ")
QUIET = frozenset({"INFO", "DEBUG", "TRACE"})
ERRORS = re.compile(r" ERROR | FATAL |Exception|OutOfMemoryError|InternalError")
END = 10.0  # seconds before the end of a run, or before what it ended of, in which it says why
FATAL = re.compile(r"(?<!non-)fatal|Shutdown broker because|Terminating due to|Exiting Kafka", re.IGNORECASE)
KERNEL_LOG = "/dev/kmsg"
KILLED = re.compile(r"^\d+,\d+,(?P<at>\d+),[^;]*;(?P<text>.*Killed process \d+ \(java\).*)")
MOMENTS = 60.0  # seconds between a node's last line and the kernel's about its end


def see_nodes(cluster: LocalCluster) -> tuple[NodeSeen, ...]:
    """Every node of the record. Raises LocalError where no cluster was made."""
    record, running = cluster.made(), cluster.running()
    works = [node for node in record.nodes if node.node_id in running and not is_paused(running[node.node_id])]
    answers = ask(works)
    seen = []
    for node in record.nodes:
        answer = answers.get(node.node_id)
        answered = None if answer is None else answer is Answer.ANSWERED
        seen.append(_see_node(cluster, node, running.get(node.node_id), answered))
    return tuple(seen)


def _see_node(cluster: LocalCluster, node: NodeAddress, process: psutil.Process | None, answers: bool | None) -> NodeSeen:  # noqa: FBT001  (what was found, no switch)
    files = cluster.layout.node(node.node_id)
    clean, volume = stopped_cleanly(files), _volume(files.data)
    return NodeSeen(
        node_id=node.node_id,
        is_broker=node.is_broker,
        is_voter=node.is_voter,
        address=f"{node.host}:{node.ports[0]}",
        pid=None if process is None else process.pid,
        paused=process is not None and is_paused(process),
        uptime=_uptime(process),
        answers=answers,
        holders={} if process is not None or node.prefix else _holders(node),
        controller_port=node.controller_port if node.is_voter else None,
        was_started=process is not None or not is_blank(files),
        has_data=has_run(files) or files.formatted.exists(),
        meta=read_meta(files),
        data_in_use=process is None and _in_use(files),
        ended_cleanly=clean,
        words=() if process is not None else last_words(files, ended_cleanly=clean),
        silent_for=None if process is not None else _since(files.server_log),
        folder=str(files.folder),
        disk_size=None if volume is None else volume.f_blocks * volume.f_frsize,
        disk_free=None if volume is None else volume.f_bavail * volume.f_frsize,
        no_writing=_no_writing(files.data, volume, runs=process is not None),
        heap=heap_of(node, cluster.heap),
        open_files=None if process is None else _open_files(process),
    )


def _uptime(process: psutil.Process | None) -> float:
    if process is None:
        return 0.0
    with suppress(psutil.Error):
        return max(0.0, time.time() - float(process.create_time()))
    return 0.0


def _holders(node: NodeAddress) -> dict[int, str]:
    return {port: holder(node.host, port) for port in node.ports if not is_free(node.host, port)}


def _in_use(files: NodeFiles) -> bool:
    with suppress(LocalError):
        return is_in_use(files.data / DATA_LOCK)
    return False


def _volume(data: Path) -> os.statvfs_result | None:
    """The volume of a node's data: of the folder itself, which may be a volume of its own; where there is none, of one above."""
    for folder in (data, *data.parents):
        try:
            return os.statvfs(folder)
        except FileNotFoundError:
            continue
        except OSError:
            break
    return None


def _no_writing(data: Path, volume: os.statvfs_result | None, *, runs: bool) -> NoWriting | None:
    """Why nothing can be written there. Who runs the node may write where whoever asks may not."""
    if volume is not None and volume.f_flag & os.ST_RDONLY:
        return NoWriting.READ_ONLY
    if not runs and data.exists() and not os.access(data, os.W_OK | os.X_OK):
        return NoWriting.NOT_ALLOWED
    return None


def _since(log: Path) -> float | None:
    """How long ago something was written there, in seconds."""
    with suppress(OSError):
        return max(0.0, time.time() - log.stat().st_mtime)
    return None


def _open_files(process: psutil.Process) -> tuple[int, int] | None:
    """How many are open and how many may be; only Linux tells."""
    if not hasattr(process, "rlimit"):
        return None
    with suppress(psutil.Error, OSError):
        return process.num_fds(), int(process.rlimit(psutil.RLIMIT_NOFILE)[0])
    return None


def read_meta(files: NodeFiles) -> Mapping[str, str] | None:
    """meta.properties of the node's data; None where there is none, and empty where it cannot be read or says nothing."""
    try:
        text = (files.data / META_PROPERTIES).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError:
        return {}
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, value in pairs}


def last_words(files: NodeFiles, *, ended_cleanly: bool) -> tuple[str, ...]:
    """The errors that the last run ended with: whoever was stopped has none, and those of long before say nothing of its end."""
    lines = _errors_at_the_end(tail(files.server_log).rpartition(FIRST_LOG_LINE)[2].splitlines())
    quiet, printed = _since(files.server_log), _since(files.output)
    if quiet is None or printed is None or printed < quiet + END:
        lines += [line for line in tail(files.output).splitlines() if line.strip() and not line.startswith((JVM_WARNING, FRAME))]
    if ended_cleanly and not any(FATAL.search(line) for line in lines):
        return ()
    return tuple(line[:LINE] for line in lines[-WORDS:])


def _errors_at_the_end(log: Sequence[str]) -> list[str]:
    errors = [*_errors(log)]
    last = next((event["at"] for event in map(EVENT.match, reversed(log)) if event is not None), None)
    times = [*([] if last is None else [last]), *(at for at, line in errors if at and FATAL.search(line))]
    if not times:
        return [line for _, line in errors]
    start = str(datetime.fromisoformat(min(times)) - timedelta(seconds=END))
    return [line for at, line in errors if at >= start]


def _errors(log: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each line that tells of an error, and when it was written: a stack trace when the line above it was."""
    at, level = "", ""
    for line in log:
        event = EVENT.match(line)
        if event is not None:
            at, level = event["at"], event["level"]
        if level not in QUIET and ERRORS.search(line) and not line.startswith(FRAME):
            yield at, line


def tail(path: Path) -> str:
    """The end of a log as people read it, whichever form it was written in; nothing where it cannot be read."""
    try:
        with path.open("rb") as file:
            start = max(0, path.stat().st_size - TAIL_BYTES)
            file.seek(start)
            lines = file.read().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    whole = lines[1:] if start else lines  # half an event in JSON is none
    return "\n".join(text for line in whole for text in as_text(line))


def see_machine(cluster: LocalCluster) -> Machine:
    """How much memory there is, whoever uses it; and java processes that the kernel ended as one of them wrote its last line."""
    memory, limit = int(psutil.virtual_memory().total), cgroup_limit()
    most = memory if limit is None else min(memory, limit)
    logs = [cluster.layout.node(node_id).server_log for node_id in cluster.layout.node_ids() if node_id not in cluster.running()]
    ended = [log.stat().st_mtime for log in logs if log.exists()]
    killed = (text for at, text in _killed() if any(abs(at - end) < MOMENTS for end in ended))
    return Machine(most, tuple(killed))


def _killed() -> list[tuple[float, str]]:
    """When the kernel killed java processes for want of memory, and its words; nothing where its log may not be read."""
    found, boot = [], psutil.boot_time()
    try:
        log = os.open(KERNEL_LOG, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return []
    try:
        while True:
            match = KILLED.match(os.read(log, 8192).decode("utf-8", errors="replace"))
            if match is not None:
                found.append((boot + int(match["at"]) / 1e6, match["text"].strip()))
    except OSError:  # BlockingIOError at its end
        return found
    finally:
        os.close(log)
