"""The catalogue of what the exporter says about itself, and of its canary."""

from __future__ import annotations

from functools import partial

from ottla.metrics.metric import Collected, Family, Granularity, Metric, Presence, Type

_SELF = Collected("exporter", "itself")
_PROBE = Collected("canary", "Produce, Fetch")

# From a healthy laptop (some ms) to a broker that was fenced (9 s) and a client that gave up (30 s).
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_exporter = partial(Metric, type=Type.GAUGE, family=Family.EXPORTER, granularity=Granularity.CLUSTER, source=_SELF)
_canary = partial(
    Metric,
    family=Family.CANARY,
    granularity=Granularity.NODE,
    labels=("node_id",),
    source=_PROBE,
    presence=Presence.AFTER_EVENT,
    when="the canary is on",
)
_canary_counter = partial(_canary, type=Type.COUNTER, unit="records")

EXPORTER_INFO = _exporter(name="ottla_exporter_info", unit="info", meaning="Always 1.", labels=("version",))
SNAPSHOT_AGE = _exporter(
    name="ottla_exporter_snapshot_age_seconds",
    unit="seconds",
    meaning="How old the figures of this scrape are. They are collected in the background.",
)
COLLECTOR_SUCCESS = _exporter(
    name="ottla_exporter_collector_success",
    unit="boolean",
    meaning="1 if a collector read all that it asked for when it last ran, else 0.",
    labels=("collector",),
)
COLLECTOR_DURATION = _exporter(
    name="ottla_exporter_collector_duration_seconds",
    unit="seconds",
    meaning="How long a collector took when it last ran.",
    labels=("collector",),
)
DROPPED_SERIES = _exporter(
    name="ottla_exporter_dropped_series",
    unit="series",
    meaning="Series that the cap of a family left out of the last snapshot.",
    labels=("family",),
)
REQUESTS = _exporter(
    name="ottla_exporter_requests_total",
    type=Type.COUNTER,
    unit="requests",
    meaning="Requests that the exporter has sent to Kafka.",
    labels=("request",),
    presence=Presence.AFTER_EVENT,
    when="one was sent",
)
TIMESTAMP_ROUNDS = _exporter(
    name="ottla_exporter_timestamp_rounds",
    unit="rounds",
    meaning="Rounds of ListOffsets by timestamp that the lag in seconds of the last snapshot took.",
)
UNSETTLED_OFFSETS = _exporter(
    name="ottla_exporter_unsettled_offsets",
    unit="offsets",
    meaning="Committed offsets whose lag in seconds may be off by more than 0.25 s and 2 %, in the last snapshot.",
)
FUTURE_TIMESTAMPS = _exporter(
    name="ottla_exporter_future_timestamps",
    unit="offsets",
    meaning="Committed offsets whose first unread record is dated after now: a wrong clock. Their lag is given as 0 s.",
)
CANARY_PRODUCE = _canary(
    name="ottla_canary_produce_seconds",
    type=Type.HISTOGRAM,
    unit="seconds",
    meaning="From the intended send of a canary's record to its acknowledgement by all of the isr. node_id leads the partition.",
    bounds=BOUNDS,
)
CANARY_DELIVERY = _canary(
    name="ottla_canary_delivery_seconds",
    type=Type.HISTOGRAM,
    unit="seconds",
    meaning="From the intended send of a canary's record to a consumer that has it.",
    bounds=BOUNDS,
)
CANARY_SENT = _canary_counter(name="ottla_canary_sent_total", meaning="Records that the canary meant to send.")
CANARY_REFUSED = _canary_counter(name="ottla_canary_refused_total", meaning="Records that were not acknowledged.")
CANARY_RECEIVED = _canary_counter(name="ottla_canary_received_total", meaning="Records that came back, late ones included.")
CANARY_LATE = _canary_counter(
    name="ottla_canary_late_total", meaning="Acknowledged records that were not back in time. They may still come."
)
CANARY_LOST = _canary_counter(
    name="ottla_canary_lost_total",
    meaning="Acknowledged records that will not come: one with a higher offset of the same partition came first.",
)
