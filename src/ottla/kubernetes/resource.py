"""A resource of Kubernetes as data, in which each value knows where in the spec it was said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from ottla.spec.kubernetes import COMPONENT, INSTANCE, MANAGED_BY, PART_OF

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.kubernetes.site import Site
    from ottla.spec.document import Path

OTTLA = "ottla"
QUANTITY = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")
MOST = Decimal(2**63 - 1)  # what Kubernetes caps them at; an exponent may be any number
EXACTLY = Context(prec=40, traps=[])  # enough for MOST in billionths; what is larger still is infinite here, and no error


@dataclass(frozen=True, slots=True)
class Said:
    """A value of a resource, and the path in the spec that it comes from."""

    value: Any
    path: Path


Tree: TypeAlias = Any  # mappings, lists, texts, numbers, booleans; and ``Said`` anywhere among them


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource. ``file`` is what its file is called, without a folder: flat, so that `kubectl apply -f` takes them all."""

    file: str
    tree: Mapping[str, Tree]

    @property
    def document(self) -> dict[str, Any]:
        """The resource as Kubernetes takes it."""
        found: dict[str, Any] = plain(self.tree)
        return found

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What tells it from any other: apiVersion, kind, namespace (empty: it has none), name."""
        document = self.document
        metadata = document["metadata"]
        return document["apiVersion"], document["kind"], metadata.get("namespace", ""), metadata["name"]


def plain(tree: Tree) -> Any:
    """The same without where it was said. What is None is left out of mappings."""
    if isinstance(tree, Said):
        return plain(tree.value)
    if isinstance(tree, dict):
        return {key: plain(value) for key, value in tree.items() if value is not None}
    if isinstance(tree, list | tuple):
        return [plain(each) for each in tree]
    return tree


def metadata(name: Tree, *, namespace: Tree | None, component: str, site: Site, **more: Tree) -> dict[str, Tree]:
    """A resource's metadata, with the labels that all of ours have; ``more`` are further keys, its ``labels`` among them.

    What lies in no namespace may be of several environments, and names none.
    """
    whose = {INSTANCE: site.instance} if namespace is not None else {}
    labels = {COMPONENT: component, **whose, PART_OF: site.platform, MANAGED_BY: OTTLA, **more.pop("labels", {})}
    return {"name": name, **({"namespace": namespace} if namespace is not None else {}), "labels": labels, **more}


def quantity(size: int) -> str:
    """Bytes as Kubernetes writes them: ``10Gi``, ``10G``; the largest unit that they are a whole number of.

    Never ``k``: Kubernetes writes a thousand bytes so, and Strimzi takes only ``K`` (StorageUtils.memoryFactor of 1.2.0).
    """
    for unit, factor in _UNITS:
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)


def amount_of(text: str) -> Decimal:
    """A quantity as Kubernetes knows them: ``10Gi``, ``1.5T``, ``1e9``, ``500m``, ``+.5E`` (apimachinery, resource.Quantity).

    Raises ValueError for what is none, which a custom resource may say all the same: the API server takes any text there.
    """
    found = QUANTITY.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no amount")
    number, suffix = found[1], found[2] or ""
    if suffix in SUFFIXES:
        amount = EXACTLY.multiply(EXACTLY.create_decimal(number), SUFFIXES[suffix])
    else:
        amount = EXACTLY.create_decimal(number + suffix)
    return max(-MOST, min(amount, MOST))


def bytes_of(text: str) -> int:
    """The bytes of a quantity. Raises ValueError for what is none."""
    return int(amount_of(text))


_UNITS = tuple(
    sorted(
        [(f"{letter}i", 1024**power) for power, letter in enumerate("KMGTP", start=1)]
        + [(letter, 1000**power) for power, letter in enumerate("MGTP", start=2)],
        key=lambda pair: -pair[1],
    )
)


SUFFIXES = {
    **{suffix: Decimal(factor) for suffix, factor in _UNITS},
    "Ei": Decimal(1024**6),
    "E": Decimal(1000**6),
    "k": Decimal(1000),
    "": Decimal(1),
    "m": Decimal("1e-3"),
    "u": Decimal("1e-6"),
    "n": Decimal("1e-9"),
}


def cpu(thousandths: int) -> str:
    """``500m``, or whole cores."""
    return str(thousandths // 1000) if thousandths % 1000 == 0 else f"{thousandths}m"
