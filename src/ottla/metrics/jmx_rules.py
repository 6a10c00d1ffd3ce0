"""The configuration of the Prometheus JMX agent (javaagent 1.0.1), built from the catalogue.

The agent asks for the named objects only, and gives an attribute only if a rule matches it. A rule is matched against
``domain<key=value, ...><>attribute: value``, anywhere in it; the patterns here are anchored at both ends.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ottla.metrics.catalogue import CATALOGUE
from ottla.metrics.metric import MBean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from ottla.metrics.metric import Metric, Role

ANY_VALUE = '"?([^,>"]+)"?'  # a name with characters that JMX keeps for itself comes in quotes
ANY_TEXT = "(.+)$"
A_FIGURE = "[0-9]"  # not NaN (nothing was measured yet) and not -1 (unknown): no sample is better


def jmx_config(roles: Collection[Role], catalogue: Iterable[Metric] = CATALOGUE) -> str:
    """The agent's YAML for a node with ``roles``: both for a combined one."""
    chosen = [(metric, metric.source) for metric in catalogue if isinstance(metric.source, MBean)]
    chosen = [(metric, bean) for metric, bean in chosen if bean.roles & set(roles)]
    lines = ["# Written by Ottla from its catalogue of metrics.", "lowercaseOutputName: false", "includeObjectNames:"]
    lines += [f"  - {quoted(name)}" for name in dict.fromkeys(name for _, bean in chosen for name in object_names(bean))]
    lines.append("rules:")
    for metric, bean in chosen:
        lines += _rule_lines(metric, bean)
    return "\n".join(lines) + "\n"


def _rule_lines(metric: Metric, bean: MBean) -> Iterator[str]:
    yield f"  # {metric.presence}: {metric.when}" if metric.when else f"  # {metric.presence}"
    yield f"  - pattern: {quoted(pattern(bean))}"
    yield f"    name: {metric.name}"
    yield f"    type: {metric.type.upper()}"
    yield f"    help: {quoted(metric.meaning)}"
    if bean.text:
        yield "    value: 1"
    if bean.factor != 1:
        yield f"    valueFactor: {bean.factor:g}"
    if metric.labels:
        yield "    labels:"
        yield from (f"      {label}: {quoted(f'${group}')}" for group, label in enumerate(metric.labels, start=1))


def object_names(bean: MBean) -> tuple[str, ...]:
    """What the agent has to ask for, to read an attribute."""
    if not bean.values:
        return (bean.object_name,)
    return tuple(bean.object_name.replace("*", value) for value in bean.values)


def pattern(bean: MBean) -> str:
    """The regular expression of an attribute, with one group for each label."""
    domain, _, properties = bean.object_name.partition(":")
    varying = f"({'|'.join(bean.values)})" if bean.values else ANY_VALUE
    keys = ", ".join(f"{key}={varying if value == '*' else re.escape(value)}" for key, value in _properties(properties))
    return f"^{re.escape(domain)}<{keys}><>{re.escape(bean.attribute)}: {ANY_TEXT if bean.text else A_FIGURE}"


def _properties(text: str) -> Iterator[tuple[str, str]]:
    for each in text.split(","):
        key, _, value = each.partition("=")
        yield key, value


def quoted(text: str) -> str:
    """A YAML string in single quotes: nothing in it is an escape."""
    return "'" + text.replace("'", "''") + "'"
