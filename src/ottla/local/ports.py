"""Ports that are free, and who has one that is not."""

from __future__ import annotations

import socket

import psutil

from ottla.errors import LocalError
from ottla.local.record import BLOCK

LOOPBACK = "127.0.0.1"
EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104  (compared with, not bound)
MAPPED = "::ffff:"  # how an IPv4 address looks on the sockets of Java, which are IPv6 (RFC 4291, 2.5.5.2)
FIRST_PORT = 9092
STEP = 10
TRAINING_PORT = 20_092  # a node that is trained on must not take the port that the platform was promised
LAST_PORT = 32_000  # below the range that kernels hand out by themselves


def free_block(host: str, *, taken: set[int], start: int = FIRST_PORT) -> int:
    """The first port of a block of five that nothing listens on: 9092, 9102, ... ``taken`` are spoken for."""
    for first in range(start, LAST_PORT, STEP):
        block = range(first, first + BLOCK)
        if taken.isdisjoint(block) and all(is_free(host, port) for port in block):
            return first
    raise LocalError(
        f"no five ports in a row are free on {host} between {FIRST_PORT} and {LAST_PORT}",
        hint="stop what listens there (ss -ltnp shows it)",
    )


def free_port(host: str, *, taken: set[int], start: int) -> int:
    """The first port from ``start`` on that nothing listens on. ``taken`` are spoken for."""
    for port in range(start, LAST_PORT):
        if port not in taken and is_free(host, port):
            return port
    message = f"no port is free on {host} between {start} and {LAST_PORT}"
    raise LocalError(message, hint="stop what listens there (ss -ltnp shows it)")


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def accepts(host: str, port: int) -> bool:
    """Whether something takes connections there."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def holder(host: str, port: int) -> str:
    """Who listens on a port, for a person: ``nginx (pid 4711)``."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
            if listens and connection.pid and connection.laddr.ip.removeprefix(MAPPED) in {host, *EVERY_ADDRESS}:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        pass  # not everyone may look at the processes of others
    return "a process that cannot be seen from here"


def listening(process: psutil.Process) -> list[tuple[str, int]]:
    """Where a process listens: addresses and ports; none if it has ended, or is somebody else's."""
    try:
        connections = process.net_connections(kind="tcp")
    except psutil.Error:
        return []
    there = [each.laddr for each in connections if each.status == psutil.CONN_LISTEN]
    return [(address.ip.removeprefix(MAPPED), address.port) for address in there]
