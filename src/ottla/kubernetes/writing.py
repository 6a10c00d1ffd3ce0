"""Resources as YAML: one file each, in a stable order, with the line of the spec that a value comes from."""

from __future__ import annotations

import io
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import LiteralScalarString

from ottla.kubernetes.resource import Said, Tree
from ottla.spec.document import is_there

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ottla.kubernetes.resource import Resource
    from ottla.spec.document import Document

KUSTOMIZATION = "kustomization.yaml"
WIDE = 1 << 20  # no text is folded
WRITTEN = "# Written by `ottla render"
HEAD = WRITTEN + " -e {environment}` from {file}; change that, then render again.\n"


def files_of(resources: Iterable[Resource], document: Document, *, environment: str) -> dict[str, str]:
    """What to write, by file name: one for each resource, and a kustomization that lists them in their order."""
    head = HEAD.format(environment=environment, file=PurePath(document.file).name)
    files = {each.file: head + _yaml(_commented(each.tree, document)) for each in resources}
    kustomization = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": [*files]}
    return {**files, KUSTOMIZATION: head + _yaml(_commented(kustomization, document))}


def stream_of(resources: Iterable[Resource], document: Document, *, environment: str) -> str:
    """All of them as one stream of YAML documents, for a pipe."""
    head = HEAD.format(environment=environment, file=PurePath(document.file).name)
    return head + "".join(f"---\n{_yaml(_commented(each.tree, document))}" for each in resources)


def _yaml(tree: Any) -> str:
    writer = YAML(typ="rt", pure=True)
    writer.width = WIDE
    writer.indent(mapping=2, sequence=4, offset=2)
    text = io.StringIO()
    writer.dump(tree, text)
    return text.getvalue()


def _commented(tree: Tree, document: Document) -> Any:
    """The tree as ruamel writes it, with a comment behind each value that the spec has a line for."""
    if isinstance(tree, Said):
        return _commented(tree.value, document)
    if isinstance(tree, dict):
        pairs = [(key, value) for key, value in tree.items() if value is not None]
        return _filled(CommentedMap((key, _commented(value, document)) for key, value in pairs), pairs, document)
    if isinstance(tree, list | tuple):
        return _filled(CommentedSeq(_commented(each, document) for each in tree), enumerate(tree), document)
    return LiteralScalarString(tree) if isinstance(tree, str) and _is_block(tree) else tree


def _is_block(text: str) -> bool:
    """Whether a text has lines, and nothing that YAML takes only between quotes."""
    return "\n" in text and text.replace("\n", "").replace("\t", "").isprintable()


def _filled(container: Any, pairs: Iterable[tuple[Any, Tree]], document: Document) -> Any:
    """The same with a comment behind each scalar of it that was said."""
    for key, value in pairs:
        line = _line(value, document)
        if line is not None and not isinstance(container[key], CommentedMap | CommentedSeq):
            container.yaml_add_eol_comment(f"{PurePath(document.file).name}:{line}", key, column=0)
    return container


def _line(value: Tree, document: Document) -> int | None:
    """Where a value was said; None for what the spec does not say (a default), and for texts of many lines."""
    if not isinstance(value, Said) or (isinstance(value.value, str) and "\n" in value.value):
        return None
    return document.mark(value.path).line if is_there(value.path, document.values) else None
