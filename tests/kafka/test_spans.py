"""Which headers a record is sent with: those of one trace, and never of two."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Decision, ParentBased, Sampler, SamplingResult
from opentelemetry.trace import NoOpTracer, TraceState

from ottla.kafka.spans import Spans
from ottla.kafka.trace_context import TRACEPARENT, TRACESTATE, Headers, parent_in

GOOD = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OTHER = ("type", b"x")
ALIEN = ((TRACESTATE, b"vendor=1"), OTHER, ("TraceState", b"other=2"))


class Stating(Sampler):
    """Adds a state of its own, as samplers may."""

    def should_sample(self, *_: object, **__: object) -> SamplingResult:
        return SamplingResult(Decision.RECORD_AND_SAMPLE, trace_state=TraceState([("ot", "th:8")]))

    def get_description(self) -> str:
        return "Stating"


def sent(headers: Headers, sampler: Sampler | None = None) -> Headers:
    provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
    span, given = Spans(provider.get_tracer("tests"), ["one:9092"]).send("orders", headers)
    span.end()
    return given


@pytest.mark.parametrize("sampler", [None, ParentBased(ALWAYS_OFF)], ids=["sampled", "not"])
def test_a_state_without_a_parent_is_not_joined_to_a_new_trace(sampler: Sampler | None) -> None:
    first, (name, value) = sent(ALIEN, sampler)
    assert first == OTHER
    assert name == TRACEPARENT
    assert parent_in([(name, value)]) is not None


def test_there_are_never_two_states() -> None:
    assert [header for header in sent(ALIEN, Stating()) if header[0].lower() == TRACESTATE] == [(TRACESTATE, b"ot=th:8")]


@pytest.mark.parametrize("parent", [GOOD, GOOD.upper()], ids=["valid", "not valid"])
def test_headers_with_a_parent_stay_as_they_are(parent: bytes) -> None:
    headers = (*ALIEN, (TRACEPARENT, parent))
    assert sent(headers) == headers


def test_where_no_trace_is_begun_headers_stay_as_they_are() -> None:
    assert Spans(NoOpTracer(), ["one:9092"]).send("orders", ALIEN)[1] == ALIEN
