"""Who keeps the canary's topic: looks at it, makes it, adds partitions, moves leaders back; and never waits.

librdkafka's admin client answers by futures. kafka-python's connection would wait for a paused node, and the canary with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from confluent_kafka import OFFSET_BEGINNING, ElectionType, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic, OffsetSpec

from ottla.errors import ClusterError
from ottla.kafka.canary_topic import AddPartitions, CreateTopic, misled, next_step
from ottla.kafka.connection import explain
from ottla.kafka.profile import QUIET, common_config, heard
from ottla.model.topic import Partition

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from concurrent.futures import Future

    from ottla.kafka.settings import ClientSettings

EVERY = 5.0
SOON = 0.5  # after something was done, or went wrong
ANSWERED = 5.0  # seconds that a request may take
RESTRAINT = 30.0  # so long another one may lead a partition before its preferred leader is elected; and between elections
NOT_THERE = KafkaError.UNKNOWN_TOPIC_OR_PART
MADE_MEANWHILE = frozenset({KafkaError.TOPIC_ALREADY_EXISTS, KafkaError.INVALID_PARTITIONS})


@dataclass(frozen=True, slots=True)
class CanaryTopic:
    """The topic as it was seen. ``leaders`` and ``starts`` are by partition: who leads it, and where reading it begins.

    A partition without a leader has its preferred one here. ``log`` is Kafka's id of the topic: another one if it was made anew.
    """

    log: str
    leaders: Mapping[int, int]
    starts: Mapping[int, int]


class TopicKeeper:
    """Keeps the topic of a canary. ``problem`` is why it could not, when it last tried; None: it could."""

    def __init__(self, settings: ClientSettings, topic: str) -> None:
        self.topic = topic
        self.problem: str | None = None
        self._seen: CanaryTopic | None = None
        self._made_here = False
        self._may_elect = True
        self._misled: dict[int, float] = {}  # since when
        self._next = 0.0
        self._steps: Any = None
        self._awaited: Future[Any] | None = None
        config = {**common_config(settings), **settings.for_data, "error_cb": heard}
        config["socket.timeout.ms"] = int(ANSWERED * 1000)  # of every request: an election takes no time-out of its own
        try:
            self._admin = AdminClient(config, logger=QUIET)
        except KafkaException as error:
            raise ClusterError(f"cannot make an admin client: {explain(error)}", hint="look at -X and --command-config") from None

    def close(self) -> None:
        """Ask nothing more. The client's threads end with it; a round under way would hold it."""
        if self._steps is not None:
            self._steps.close()
        self._steps, self._awaited, self._admin = None, None, None

    def look(self, now: float) -> CanaryTopic | None:
        """Go on as far as that takes no waiting; the topic, whenever it was seen again."""
        self._admin.poll(0)
        if self._awaited is None:
            if now < self._next:
                return None
            self._steps = self._round(now)
            self._awaited = next(self._steps)
        if not self._awaited.done():
            return None
        return self._go_on(now, self._awaited)

    def _go_on(self, now: float, answered: Future[Any]) -> CanaryTopic | None:
        self._awaited, self._next = None, now + SOON
        try:
            error = answered.exception()
            self._awaited = self._steps.throw(error) if error else self._steps.send(answered.result())
        except StopIteration as end:
            self.problem = None
            if end.value is not None:
                self._next = now + EVERY
            return end.value  # type: ignore[no-any-return]
        except KafkaException as refused:
            self.problem = f"topic {self.topic}: {explain(refused)}"
        return None

    def _round(self, now: float) -> Generator[Future[Any], Any, CanaryTopic | None]:
        """One look, and what it calls for: every request is yielded, and goes on with its answer. None: look again soon."""
        cluster = yield self._admin.describe_cluster()
        brokers = [node.id for node in cluster.nodes]
        found = yield from self._describe()
        partitions = None if found is None else _partitions(found)
        step = next_step(partitions, brokers)
        if step is not None:
            yield from self._take(step)
            return None
        if found is None or partitions is None:
            return None
        yield from self._move_leaders_back(now, misled(partitions, brokers))
        log = str(found.topic_id)
        starts = yield from self._starts(log, [partition.partition for partition in partitions])
        leaders = {each.partition: each.replicas[0] if each.leader is None else each.leader for each in partitions}
        self._seen = CanaryTopic(log, leaders, starts)
        return self._seen

    def _describe(self) -> Generator[Future[Any], Any, Any]:
        """The topic, or None: it is not there."""
        asked = self._admin.describe_topics(TopicCollection([self.topic]))
        try:
            return (yield asked[self.topic])
        except KafkaException as error:
            if error.args[0].code() != NOT_THERE:
                raise
            return None

    def _take(self, step: CreateTopic | AddPartitions) -> Generator[Future[Any], Any, None]:
        """Another canary may do it at the same time."""
        assignment = [list(replicas) for replicas in step.assignment]
        if isinstance(step, CreateTopic):
            new = NewTopic(self.topic, len(assignment), replica_assignment=assignment, config=dict(step.configs))
            asked = self._admin.create_topics([new])
        else:
            more = NewPartitions(self.topic, step.total, replica_assignment=assignment)
            asked = self._admin.create_partitions([more])
        try:
            yield asked[self.topic]
        except KafkaException as error:
            if error.args[0].code() not in MADE_MEANWHILE:
                raise
        self._made_here |= isinstance(step, CreateTopic)

    def _move_leaders_back(self, now: float, partitions: frozenset[int]) -> Generator[Future[Any], Any, None]:
        """Elect preferred leaders, where others have led for a while: Kafka itself looks every five minutes.

        It needs ALTER on the cluster, which a user of one topic does not have; then it is left to Kafka.
        """
        self._misled = {each: self._misled.get(each, now) for each in partitions}
        due = [each for each, since in self._misled.items() if now - since >= RESTRAINT]
        if not due or not self._may_elect:
            return
        self._misled |= dict.fromkeys(due, now)
        places = [TopicPartition(self.topic, each) for each in due]
        try:
            yield self._admin.elect_leaders(ElectionType.PREFERRED, places)
        except KafkaException as error:
            self._may_elect = error.args[0].code() != KafkaError.CLUSTER_AUTHORIZATION_FAILED

    def _starts(self, log: str, partitions: Sequence[int]) -> Generator[Future[Any], Any, dict[int, int]]:
        """Where reading begins: the end of what was there before; the beginning of what is new, or does not tell its end."""
        if self._seen is not None:
            before = self._seen.starts if log == self._seen.log else {}
            return {each: before.get(each, 0) for each in partitions}
        if self._made_here:
            return dict.fromkeys(partitions, 0)
        places = {TopicPartition(self.topic, each): OffsetSpec.latest() for each in partitions}
        starts = {}
        for place, asked in self._admin.list_offsets(places).items():
            try:
                starts[int(place.partition)] = int((yield asked).offset)
            except KafkaException:
                starts[int(place.partition)] = OFFSET_BEGINNING
        return starts


def _partitions(found: Any) -> list[Partition]:
    return [
        Partition(
            found.name,
            each.id,
            None if each.leader is None or each.leader.id < 0 else each.leader.id,
            tuple(node.id for node in each.replicas),
            tuple(node.id for node in each.isr),
        )
        for each in found.partitions
    ]
