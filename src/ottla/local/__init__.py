"""Kafka as processes on this machine: artifacts, JVM, properties, certificates, lifecycle."""

from ottla.local.cluster import LocalCluster
from ottla.local.layout import Layout
from ottla.local.logs import follow_logs, tail_logs
from ottla.local.report import Reporter, Silent
from ottla.local.status import NodeStatus

__all__ = ["Layout", "LocalCluster", "NodeStatus", "Reporter", "Silent", "follow_logs", "tail_logs"]
