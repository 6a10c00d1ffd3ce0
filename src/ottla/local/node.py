"""One node: its files written, formatted, started."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

from ottla.errors import LocalError
from ottla.files import PRIVATE_FILE, explained, private_folder, write_atomic
from ottla.local.jmx_agent import agent_flags, write_agent_config
from ottla.local.jvm import STORAGE_TOOL, environment, format_command, node_command
from ottla.local.log4j2 import ecs_fields, log4j2_text
from ottla.local.log_lines import as_text as shown
from ottla.local.processes import end_processes, find_processes, start_process
from ottla.local.properties import as_text, server_properties

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ottla.local.jvm import Runtime
    from ottla.local.layout import Layout, NodeFiles
    from ottla.local.record import ClusterRecord, NodeAddress

LAST_LINES = 12
CLEAN_SHUTDOWN = ".kafka_cleanshutdown"
META_PROPERTIES = "meta.properties"
METADATA_LOG = "__cluster_metadata-0"
FRAME = "\tat "  # of a stack trace
JVM_WARNING = "WARNING: "  # the JDK warns of what Kafka uses; nothing dies of it
FIRST_LOG_LINE = "Log4jControllerRegistration"  # what Kafka logs before anything else


def write_node_files(
    layout: Layout, record: ClusterRecord, node: NodeAddress, configs: Mapping[str, str], *, cluster: str
) -> None:
    """Write what a node reads when it starts: properties, logging, its JMX agent's rules. Its certificate is there already.

    ``cluster`` is the cluster's name.
    """
    files = layout.node(node.node_id)
    private_folder(files.logs)
    properties = server_properties(layout, record, node, configs)
    write_atomic(files.properties, as_text(properties), mode=PRIVATE_FILE)
    write_atomic(files.log4j2, log4j2_text(files, ecs_fields(record, node, cluster) if node.ecs_logs else None))
    write_agent_config(files, node)


def needs_format(files: NodeFiles) -> bool:
    """Whether the node has no log_dir that was formatted to the end. One that ever ran is never formatted anew."""
    formatted = files.formatted.exists() and (files.data / META_PROPERTIES).exists()
    return not formatted and not has_run(files)


def has_run(files: NodeFiles) -> bool:
    """Whether the node has a metadata log: it took part in the quorum."""
    return (files.data / METADATA_LOG).exists()


def is_blank(files: NodeFiles) -> bool:
    """Whether the node was never started: it has no data and no log."""
    return not any((has_run(files), files.formatted.exists(), files.server_log.exists(), files.output.exists()))


def format_nodes(
    runtime: Runtime, layout: Layout, record: ClusterRecord, node_ids: Sequence[int], *, users: Sequence[str] = ()
) -> None:
    """Format the log_dirs of nodes that never ran, all at once. What a cut-off format left is removed first.

    ``users`` are credentials (``--add-scram``) that the cluster knows from its first moment on.
    """
    properties = {node_id: layout.node(node_id).properties for node_id in node_ids}
    end_processes(find_processes(properties, of=STORAGE_TOOL))  # of a run that was killed: two would write one folder
    running: dict[int, subprocess.Popen[str]] = {}
    try:
        for node_id in node_ids:
            running[node_id] = _start_format(runtime, layout.node(node_id), record.cluster_id, users)
        outcomes = {node_id: _outcome(process) for node_id, process in running.items()}
    except BaseException:
        for process in running.values():
            process.kill()
            process.communicate()
        raise
    finally:
        for node_id in node_ids:
            layout.node(node_id).first_users.unlink(missing_ok=True)
    for node_id, output in outcomes.items():
        if output is not None:
            hint = "mend cluster.config, or make room, if that is at fault, then rerun"
            raise LocalError(f"cannot format node {node_id}: {output}", hint=hint)
    for node_id in node_ids:
        write_atomic(layout.node(node_id).formatted, record.cluster_id)


def _start_format(runtime: Runtime, files: NodeFiles, cluster_id: str, users: Sequence[str]) -> subprocess.Popen[str]:
    """The tool prints stored credentials (KAFKA-20115), so its output is kept only to explain a failure.

    Credentials go in by a file that only its owner may read: everybody may read a command line.
    """
    with explained("prepare", files.data):
        shutil.rmtree(files.data, ignore_errors=True)
        files.data.mkdir(parents=True, exist_ok=True)
    if users:
        write_atomic(files.first_users, "".join(f"--add-scram\n{user}\n" for user in users), mode=PRIVATE_FILE)
    return subprocess.Popen(
        format_command(runtime, files, cluster_id=cluster_id, extra=[f"@{files.first_users}"] if users else []),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _outcome(process: subprocess.Popen[str]) -> str | None:
    output, _ = process.communicate()
    if process.returncode == 0:
        return None
    lines = [line for line in output.splitlines() if line.strip() and not line.startswith(FRAME)]
    return " / ".join(lines[-3:]) or f"exit code {process.returncode}"


def applied_configs(files: NodeFiles) -> dict[str, str] | None:
    """The properties of the spec that the node last came up with; None if it never did, or if the file is damaged."""
    try:
        return {str(key): str(value) for key, value in json.loads(files.applied.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError):
        return None


def keep_applied(files: NodeFiles, configs: Mapping[str, str]) -> None:
    """Remember that the node came up with these."""
    write_atomic(files.applied, json.dumps(dict(configs), indent=1) + "\n")


def start_node(runtime: Runtime, layout: Layout, node: NodeAddress, *, heap: int, extra: Sequence[str] = ()) -> None:
    """Start a node's process; ``heap`` is in bytes."""
    files = layout.node(node.node_id)
    with explained("start a node: cannot remove what its last run left", files.folder):
        files.aot_log.unlink(missing_ok=True)
        files.first_users.unlink(missing_ok=True)  # of a format that was killed when it was done
        files.stopping.unlink(missing_ok=True)
    flags = [*agent_flags(runtime.agent, files, node), *extra]
    command = [*node.prefix, *node_command(runtime, files, heap=heap, extra=flags)]
    start_process(command, folder=files.folder, output=files.output, environment=environment())


def stopped_cleanly(files: NodeFiles) -> bool:
    """Whether the node's last run ended in an orderly way, by the mark that Kafka leaves in a log_dir."""
    return (files.data / CLEAN_SHUTDOWN).exists() or not (files.data / "recovery-point-offset-checkpoint").exists()


def last_words(files: NodeFiles) -> str:
    """The last lines of a node that died: the errors of its last run, and what it printed."""
    log = [text for line in _text(files.server_log).rpartition(FIRST_LOG_LINE)[2].splitlines() for text in shown(line)]
    lines = [line for line in log if " ERROR " in line or " FATAL " in line or "Exception" in line]
    printed = [line for line in _text(files.output).splitlines() if line.strip()]
    lines += [line for line in printed if not line.startswith((JVM_WARNING, FRAME))][-3:]
    return "\n".join(f"    {line[:300]}" for line in lines[-LAST_LINES:]) or "    (it wrote nothing)"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
