"""One connection to the admin side of a cluster: requests go out as Kafka's own messages, are counted, and answers are checked.

kafka-python's higher calls drop error codes of single items (an unreadable topic would look like one without configs),
so its protocol classes are used directly: a read error is never "there is nothing there".
"""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kafka.admin import KafkaAdminClient
from kafka.protocol.metadata import MetadataRequest

from kafka import errors as kafka_errors
from ottla.errors import ClusterError, WaitTimeout
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CLIENT_ID = "ottla"
REQUEST_TIMEOUT = 30.0
SETUP_TIMEOUT = 10.0  # until a node that takes connections must have said something
LEARN_TIMEOUT = 5.0
LOCAL_WAY_OUT = "see what runs: ottla status; start what is missing: ottla up"
SILENCE = (kafka_errors.KafkaTimeoutError, kafka_errors.RequestTimedOutError)
# what librdkafka writes behind a reason, another one each time
OF_A_MOMENT = re.compile(r" \(after \d+ms in state \w+(, \d+ identical error\(s\) suppressed)?\)")
NOTHING_OF_IT = MetadataRequest(topics=[], allow_auto_topic_creation=False)

logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what it logs is raised as well, and explained here


@dataclass(frozen=True, slots=True)
class Answers:
    """What nodes answered, and why others did not, by node_id."""

    found: dict[int, Any]
    failures: dict[int, Exception]

    @property
    def who_failed(self) -> list[str]:
        """The failures in words."""
        return [f"node {node_id}: {explain(error)}" for node_id, error in self.failures.items()]


class Connection:
    """An open connection. ``requests`` counts what was sent, by Kafka's request name; ``options`` are how it was opened."""

    def __init__(
        self,
        client: KafkaAdminClient,
        bootstrap_servers: Sequence[str],
        *,
        way_out: str,
        options: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._client = client
        self._way_out = way_out
        self.options = options
        self.bootstrap_servers = tuple(bootstrap_servers)
        self.requests: Counter[str] = Counter()
        self.cluster_id: str | None = None
        self._answering: int | None = None
        self._silent: dict[int, Exception] = {}

    def send(self, request: Any, *, node_id: int | None = None) -> Any:
        """Send one request, to a node if it must be that one (else to any that answers), and return the answer as it came.

        Raises ClusterError if there is no answer. Error codes inside the answer are for ``check``.
        """
        name = type(request).__name__.removesuffix("Request")
        self.requests[name] += 1
        manager = self._client._manager  # noqa: SLF001  (kafka-python has no public way to send a message of one's own)
        try:
            if node_id is not None:
                self._learn(node_id)
            return manager.run(manager.send, request, self._any_node() if node_id is None else node_id)
        except kafka_errors.KafkaError as error:
            to = f"node {node_id}" if node_id is not None else ", ".join(self.bootstrap_servers)
            raise ClusterError(f"{name} to {to} failed: {explain(error)}", hint=self._way_out) from error

    def send_each(self, requests: Mapping[int, Any], *, timeout: float) -> Answers:
        """Send each node a request of its own, all at once. Who has not answered within ``timeout`` (seconds) has failed.

        Whoever was silent is not waited for again, until ``listen_again``.
        """
        manager = self._client._manager  # noqa: SLF001  (as above)
        answers = Answers({}, {node_id: self._silent[node_id] for node_id in requests if node_id in self._silent})
        asked = {node_id: request for node_id, request in requests.items() if node_id not in self._silent}
        for request in asked.values():
            self.requests[type(request).__name__.removesuffix("Request")] += 1
        deadline = time.monotonic() + timeout

        async def exchange() -> None:
            if any(manager.cluster.broker_metadata(node_id) is None for node_id in asked):
                with suppress(kafka_errors.KafkaError):  # then the node stays unknown, and sending to it fails
                    await manager.cluster.refresh_metadata()
            waiting = {}
            for node_id, request in asked.items():
                try:
                    waiting[node_id] = manager.send(request, node_id, timeout * 1000)
                except kafka_errors.KafkaError as error:
                    answers.failures[node_id] = error
            for node_id, future in waiting.items():
                try:
                    left = max(0.0, deadline - time.monotonic())
                    answers.found[node_id] = await manager.wait_for(future, left * 1000)
                except kafka_errors.KafkaError as error:
                    answers.failures[node_id] = error

        try:
            manager.run(exchange)
        except kafka_errors.KafkaError as error:
            raise ClusterError(f"the connection failed: {explain(error)}", hint=self._way_out) from error
        self._silent |= {node_id: error for node_id, error in answers.failures.items() if isinstance(error, SILENCE)}
        return answers

    @property
    def has_choice(self) -> bool:
        """Whether another node may answer where one is silent."""
        return len(self._client._manager.cluster.brokers()) > 1  # noqa: SLF001  (as above)

    def listen_again(self) -> None:
        """Give nodes that did not answer another chance."""
        self._silent.clear()

    def _learn(self, node_id: int) -> None:
        """Ask for the brokers again if ``node_id`` joined after this connection was opened."""
        manager = self._client._manager  # noqa: SLF001  (as above)

        def known() -> bool:
            if manager.cluster.broker_metadata(node_id) is None:
                manager.run(manager.cluster.refresh_metadata)
            return manager.cluster.broker_metadata(node_id) is not None

        try:
            wait_until(known, bool, what="the node", timeout=LEARN_TIMEOUT)
        except WaitTimeout:
            raise ClusterError(f"node {node_id} is not in the cluster now", hint=self._way_out) from None

    def _any_node(self) -> int:
        """A node that answers.

        kafka-python picks one by chance, dead ones too, and a change must not be sent twice: so a node is asked for nothing
        first, unless it answered before and is still connected.
        """
        if self._answering is not None and self._client._client.connected(self._answering):  # noqa: SLF001  (as above)
            return self._answering
        failures: list[kafka_errors.KafkaError] = [kafka_errors.NodeNotReadyError("no node is known")]
        try:
            wait_until(lambda: self._ask_around(failures), lambda node: node is not None, what="an answer", timeout=LEARN_TIMEOUT)
        except WaitTimeout:
            raise failures[-1] from None
        return int(self._answering or 0)

    def _ask_around(self, failures: list[kafka_errors.KafkaError]) -> int | None:
        manager = self._client._manager  # noqa: SLF001  (as above)
        for broker in manager.cluster.brokers():
            self.requests["Metadata"] += 1
            try:
                answer = manager.run(manager.send, NOTHING_OF_IT, broker.node_id)
            except kafka_errors.KafkaError as error:
                failures.append(error)
                continue
            self._answering = int(broker.node_id)
            self.cluster_id = answer.cluster_id
            return self._answering
        return None

    def check_cluster(self, cluster_id: str) -> None:
        """Raise ClusterError if another cluster answers here than the one that is meant."""
        try:
            self._any_node()
        except kafka_errors.KafkaError as error:
            raise _unreachable(self.bootstrap_servers, error, self._way_out) from error
        if self.cluster_id != cluster_id:
            raise ClusterError(
                f"{', '.join(self.bootstrap_servers)} is cluster {self.cluster_id}, and not {cluster_id}: "
                "another platform listens on these ports",
                hint="stop that one, or use it from its own folder and environment",
            )


def _unreachable(bootstrap_servers: Sequence[str], error: Exception, way_out: str) -> ClusterError:
    return ClusterError(f"no Kafka answers at {', '.join(bootstrap_servers)}: {explain(error)}", hint=way_out)


@contextmanager
def connect(
    bootstrap_servers: Sequence[str],
    *,
    timeout: float = 10.0,
    cluster_id: str | None = None,
    options: Mapping[str, Any] = MappingProxyType({}),
    way_out: str = LOCAL_WAY_OUT,
    request_timeout: float = REQUEST_TIMEOUT,
) -> Iterator[Connection]:
    """Open a connection for the length of a ``with`` block; ``timeout`` (seconds) is for the first answer, the other for each.

    ``options`` are kafka-python's own (``ClientSettings.for_admin``); ``way_out`` is the hint of every error.
    Raises ClusterError if nothing answers, or if another cluster than ``cluster_id`` does.
    """
    try:
        client = KafkaAdminClient(
            bootstrap_servers=list(bootstrap_servers),
            client_id=CLIENT_ID,
            request_timeout_ms=int(request_timeout * 1000),
            bootstrap_timeout_ms=int(timeout * 1000),
            reconnect_backoff_ms=20,
            reconnect_backoff_max_ms=200,
            **options,
        )
    except (kafka_errors.KafkaError, OSError, ValueError) as error:  # a certificate that cannot be read is an OSError
        raise _unreachable(bootstrap_servers, error, way_out) from error
    # kafka-python's manager has these settings, and its admin client does not hand them on
    client._manager.config |= {  # noqa: SLF001
        "socket_connection_setup_timeout_ms": int(min(SETUP_TIMEOUT, request_timeout) * 1000),
        # it doubles each time that a node cannot be reached, and what is sent waits for that, however short its own time-out is
        "socket_connection_setup_timeout_max_ms": int(request_timeout * 1000),
    }
    try:
        connection = Connection(client, bootstrap_servers, way_out=way_out, options=options)
        if cluster_id is not None:
            connection.check_cluster(cluster_id)
        yield connection
    finally:
        client.close()


def error_text(code: int, message: str | None) -> str | None:
    """Kafka's name of an error code with the broker's own words, or None for 0."""
    if code == 0:
        return None
    error = kafka_errors.for_code(code)
    name = getattr(error, "message", None) or error.__name__
    return f"{name}: {message}" if message else str(name)


def check(code: int, message: str | None, *, what: str) -> None:
    """Raise ClusterError if an error code is not 0."""
    text = error_text(code, message)
    if text is not None:
        raise ClusterError(f"{what}: {text}")


def explain(error: Exception) -> str:
    """A foreign error in one line, which is the same where the error is."""
    first = error.args[0] if error.args else None
    own_words = getattr(first, "str", None)  # confluent_kafka wraps an error of its own
    text = str(own_words() if callable(own_words) else error).strip()
    return OF_A_MOMENT.sub("", text.splitlines()[0]) if text else type(error).__name__
