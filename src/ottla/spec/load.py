"""``platform.yaml`` -> the environments it describes, with every fault of all of them at once."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ottla.errors import SpecError, UsageError
from ottla.spec.advice import environment_warnings
from ottla.spec.checks import check_environment
from ottla.spec.config_checks import config_faults
from ottla.spec.document import Document, Path, read_document
from ottla.spec.environments import DEFAULT, ENVIRONMENTS, OF_THE_CLUSTER, SHARES, base_of, overlay, owner_of, shared_by
from ottla.spec.faults import Fault, Mark, did_you_mean
from ottla.spec.identity import Authentication
from ottla.spec.names import name_faults
from ottla.spec.schema import EnvironmentSpec
from ottla.spec.sentences import sentence
from ottla.spec.sharing import neighbour_faults, sharing_faults

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path as FilePath

    from pydantic_core import ErrorDetails

MAX_BYTES = 16 * 1024**2
ENVIRONMENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
NAME_ANOTHER = "name another file: --file PATH"
HINT = "fix the lines above and run the command again"


@dataclass(frozen=True, slots=True)
class Spec:
    """A spec without faults: every environment of the file, whole."""

    path: FilePath
    environments: Mapping[str, EnvironmentSpec]
    default_environment: str
    documents: Mapping[str, Document]  # of each environment, with the line of every value

    def warnings(self, name: str | None = None) -> tuple[Fault, ...]:
        """What is legal and probably not meant, in that environment (None: in all of them), in the order of the file."""
        names = self.environments if name is None else [self.environment(name)[0]]
        found = {each for one in names for each in environment_warnings(self.environments[one], self.documents[one])}
        return tuple(sorted(found))

    def neighbours(self, name: str) -> dict[str, str]:
        """The environments that share the cluster of ``name``, each with its prefix."""
        return {other: one.prefix for other, one in self.environments.items() if one.shares == name}

    def users_with_certificates(self, name: str) -> tuple[str, ...]:
        """Who logs in to the cluster of ``name`` with a certificate, by full name: its users, and those of who shares it."""
        there = (self.environments[each] for each in (name, *self.neighbours(name)))
        users = [pair for one in there for pair in one.users_by_full_name.items()]
        return tuple(user for user, said in users if said.authentication is Authentication.CERTIFICATE)

    def environment(self, name: str | None) -> tuple[str, EnvironmentSpec]:
        """The environment of that name (None: the default one). Raises UsageError with the names there are."""
        wanted = name or self.default_environment
        if wanted not in self.environments:
            raise UsageError(
                f"no environment {wanted!r} in {self.path}: {did_you_mean(wanted, self.environments)}",
                hint="choose one with -e NAME",
            )
        return wanted, self.environments[wanted]


def load_spec(path: FilePath) -> Spec:
    """Read and check the file. Raises UsageError where there is none, SpecError with every fault there is."""
    shown = str(path)
    document = read_document(_read(path, shown), file=shown)
    if document.faults and not document.values:
        raise SpecError(document.faults, hint=HINT)
    faults = {*document.faults, *_environment_faults(document), *_faults_of_a_part(base_of(document))}
    environments: dict[str, EnvironmentSpec] = {}
    documents: dict[str, Document] = {}
    for name in _environment_names(document):
        merged = overlay(document, name)
        if shared_by(document, name) is not None and owner_of(document, name) is None:
            faults |= _faults_of_a_part(merged)  # nobody knows what its cluster is
            continue
        environment, wrong = _validate(merged)
        faults |= {*wrong, *config_faults(merged)}
        if environment is not None:
            environments[name], documents[name] = environment, merged
    faults |= {*sharing_faults(document), *neighbour_faults(environments, documents)}
    if faults:
        raise SpecError(sorted(faults), hint=HINT)
    default = document.values.get(DEFAULT) or next(iter(environments))
    return Spec(path, environments, str(default), documents)


def _read(path: FilePath, shown: str) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would wait for its writer
            raise UsageError(f"{shown} is a {'folder' if path.is_dir() else 'pipe or device'}, not a file", hint=NAME_ANOTHER)
        with path.open(encoding="utf-8") as file:
            text = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(
            f"there is no {shown}", hint="run in the folder of your platform.yaml, or name it: --file PATH"
        ) from None
    except UnicodeDecodeError as error:
        raise SpecError([Fault(shown, Mark(1, ""), f"not UTF-8 text (byte {error.start})")]) from None
    except OSError as error:
        raise UsageError(f"cannot read {shown}: {error.strerror}", hint=NAME_ANOTHER) from None
    if len(text) > MAX_BYTES:
        raise SpecError([Fault(shown, Mark(1, ""), f"larger than {MAX_BYTES} characters")])
    return text


def _environment_names(document: Document) -> list[str]:
    environments = document.values.get(ENVIRONMENTS)
    if not isinstance(environments, dict):
        return []
    return [name for name, value in environments.items() if isinstance(value, dict)]


def _environment_faults(document: Document) -> list[Fault]:
    environments = document.values.get(ENVIRONMENTS)
    if not isinstance(environments, dict) or not environments:
        return [document.fault((ENVIRONMENTS,), "name at least one, for example `local: {target: local}`")]
    faults = []
    for name, value in environments.items():
        if not isinstance(value, dict):
            faults.append(document.fault((ENVIRONMENTS, name), "expected a mapping with a target"))
        if not ENVIRONMENT_NAME.fullmatch(name):
            message = "an environment's name is of letters, digits, '-' and '_': it names a folder as well"
            faults.append(document.fault((ENVIRONMENTS, name), message))
    default = document.values.get(DEFAULT)
    if default is not None and not (isinstance(default, str) and default in environments):
        faults.append(document.fault((DEFAULT,), f"no such environment; {did_you_mean(str(default), environments)}"))
    return faults


def _faults_of_a_part(part: Document) -> set[Fault]:
    """What is wrong with what is no whole environment: a base, say, that every environment puts something else in place of."""
    faults = set(config_faults(part))
    try:
        EnvironmentSpec.model_validate(part.values)
    except ValidationError as error:
        details = error.errors(include_url=False)
        faults |= {_fault(part, detail) for detail in details if detail["type"] != "missing"}  # it may be said elsewhere
    return faults


def _validate(document: Document) -> tuple[EnvironmentSpec | None, set[Fault]]:
    try:
        environment = EnvironmentSpec.model_validate(document.values)
    except ValidationError as error:
        details = [detail for detail in error.errors(include_url=False) if not _is_told_of_the_owner(document, detail)]
        return None, {*(_fault(document, detail) for detail in details), *_faults_of_the_rest(document, details)}
    return environment, set(check_environment(environment, document))


def _is_told_of_the_owner(document: Document, detail: ErrorDetails) -> bool:
    """Whether a part is missing that an environment has from the one whose cluster it shares."""
    return SHARES in document.values and detail["type"] == "missing" and detail["loc"][0] in OF_THE_CLUSTER


def _faults_of_the_rest(document: Document, details: list[ErrorDetails]) -> set[Fault]:
    """What is wrong between the parts that can be read, so that all of it is told at once."""
    topics = document.values.get("topics")
    topics = topics if isinstance(topics, dict) else {}
    unreadable = {detail["loc"][1] for detail in details if detail["loc"][0] == "topics" and len(detail["loc"]) > 1}
    faults = {document.fault(("topics", name), message) for name, message in name_faults(topics)}
    rest = {**document.values, "topics": {name: topic for name, topic in topics.items() if name not in unreadable}}
    try:
        return faults | set(check_environment(EnvironmentSpec.model_validate(rest), document, whole=False))
    except ValidationError:
        return faults


def _fault(document: Document, detail: ErrorDetails) -> Fault:
    path: Path = detail["loc"]
    return document.fault(path, sentence(detail))
