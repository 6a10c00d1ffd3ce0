"""What brokers are asked about the newer kinds of groups (KIP-848, KIP-932): kafka-python has no classes of these messages."""

# ruff: noqa: D101  (each is Kafka's message of that name, and its schema lies beside it in messages/)

from __future__ import annotations

from kafka.protocol.api_message import ApiMessage

_SCHEMAS = "ottla.kafka.messages"


class ConsumerGroupDescribeRequest(ApiMessage, load_json=_SCHEMAS):  # type: ignore[call-arg, misc]  # kafka-python shows mypy no types
    pass


class ConsumerGroupDescribeResponse(ApiMessage, load_json=_SCHEMAS):  # type: ignore[call-arg, misc]  # kafka-python shows mypy no types
    pass


class ShareGroupDescribeRequest(ApiMessage, load_json=_SCHEMAS):  # type: ignore[call-arg, misc]  # kafka-python shows mypy no types
    pass


class ShareGroupDescribeResponse(ApiMessage, load_json=_SCHEMAS):  # type: ignore[call-arg, misc]  # kafka-python shows mypy no types
    pass


class DescribeShareGroupOffsetsRequest(ApiMessage, load_json=_SCHEMAS):  # type: ignore[call-arg, misc]  # kafka-python shows mypy no types
    pass


class DescribeShareGroupOffsetsResponse(ApiMessage, load_json=_SCHEMAS):  # type: ignore[call-arg, misc]  # kafka-python shows mypy no types
    pass
