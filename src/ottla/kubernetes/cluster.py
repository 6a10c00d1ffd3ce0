"""The one door to a Kubernetes: who is asked is said by a kubeconfig, requests and answers are data. Foreign errors end here.

Of lightkube it is the kubeconfig that is used, with all the ways to log in that one knows (certificates, tokens, programs such as
those of AKS and DOKS). What is asked for is data anyhow, so that classes for it would only stand in between.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2
import msgspec
from lightkube.config.client_adapter import Client, ConnectionParams
from lightkube.config.kubeconfig import DEFAULT_KUBECONFIG, KubeConfig
from lightkube.config.models import User
from lightkube.core.exceptions import ConfigError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ottla.errors import ClusterError, LocalError, UsageError, WaitTimeout
from ottla.kubernetes.resource import OTTLA
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from lightkube.config.kubeconfig import SingleConfig

T = TypeVar("T")
R = TypeVar("R")

KUBECONFIG = "KUBECONFIG"
TIMEOUT = 30.0  # seconds for an answer
LATER = 0.5  # seconds; a server is busy, or has just been told of new kinds
AT_ONCE = 8  # questions
PAGE = 500  # items of a list in one answer
APPLY = "application/apply-patch+yaml"  # JSON is YAML
MERGE = "application/merge-patch+json"
LOGIN_FAILED = (ConfigError, OSError, KeyError, ValueError)  # the program that logs in is not there, or says something else
RIGHTS = "apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a kind lies: ``root`` is the path of its API, ``plural`` what it is called there."""

    root: str
    plural: str
    namespaced: bool

    @property
    def group(self) -> str:
        """The API group; empty for the first one, which has no name."""
        return self.root.split("/")[1] if self.root.startswith("apis/") else ""

    def path(self, namespace: str, name: str = "") -> str:
        """That of one resource, or of all that lie in the namespace."""
        within = f"namespaces/{namespace}/" if self.namespaced and namespace else ""
        return f"{self.root}/{within}{self.plural}" + (f"/{name}" if name else "")


CLAIMS, CONFIG_MAPS, PODS, SECRETS = (
    Place("api/v1", plural, namespaced=True) for plural in ("persistentvolumeclaims", "configmaps", "pods", "secrets")
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``body`` is the object, or the Status that says what is wrong."""

    status: int
    body: dict[str, Any]

    @property
    def done(self) -> bool:
        """Whether the server did it."""
        return self.status < HTTPStatus.BAD_REQUEST

    @property
    def message(self) -> str:
        """What is wrong, in the server's words."""
        return str(self.body.get("message") or f"answers {self.status}")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Kubernetes, asked as whom the context says. Every method raises ClusterError where it does not answer."""

    context: str
    server: str
    client: httpx2.Client
    kubeconfig: str  # the file that has the context, for programs that are sent there as well

    def ask(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None, kind: str = "application/json"
    ) -> Answer:
        """Ask for anything. What the server refuses is an answer as well, but not that it does not know who asks."""
        content = None if body is None else json.dumps(body)
        request = self.client.build_request(method, path, params=query, content=content, headers={"Content-Type": kind})
        found = self._send(request)
        return Answer(found.status_code, _body(found))

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        try:
            found = wait_until(
                lambda: self.client.send(request),
                lambda answer: answer.status_code != HTTPStatus.TOO_MANY_REQUESTS,  # it has done nothing, and says: later
                what="an answer",
                timeout=TIMEOUT,
                every=LATER,
            )
        except WaitTimeout as busy:
            raise ClusterError(f"has too much to do, and does not answer within {TIMEOUT:g} s", where=self.server) from busy
        except (httpx2.HTTPError, *LOGIN_FAILED) as error:
            raise ClusterError(
                f"does not answer: {type(error).__name__}: {error}",
                where=self.server,
                hint=f"is it the one that is meant (context {self.context})? try: kubectl --context {self.context} version",
            ) from error
        if found.status_code == HTTPStatus.UNAUTHORIZED:
            raise ClusterError("does not know who asks", where=self.server, hint=f"log in anew for context {self.context}")
        return found

    def version(self) -> str:
        """That of the server: ``v1.36.3``."""
        return str(self._read("version").get("gitVersion", "of no known version"))

    def kinds(self, api_version: str) -> dict[str, Place]:
        """The kinds of an API, and where they lie; none where the server does not have that API."""
        root = f"apis/{api_version}" if "/" in api_version else f"api/{api_version}"
        listed = self._read(root, or_else={"resources": []})["resources"]
        return {each["kind"]: Place(root, each["name"], each["namespaced"]) for each in listed if "/" not in each["name"]}

    def get(self, place: Place, namespace: str, name: str) -> dict[str, Any] | None:
        """One resource; None where there is none."""
        return self._read(place.path(namespace, name), or_else={}) or None

    def listed(self, place: Place, namespace: str, labels: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """All that lie in a namespace and have these labels."""
        found: list[dict[str, Any]] = []
        query = {"limit": str(PAGE), "labelSelector": ",".join(f"{key}={value}" for key, value in (labels or {}).items())}
        while True:
            page = self._read(place.path(namespace), query=query)
            found.extend(page["items"])
            more = page["metadata"].get("continue")
            if not more:
                return found
            query["continue"] = more

    def apply(self, place: Place, document: Mapping[str, Any], *, dry_run: bool, force: bool) -> Answer:
        """Apply a resource on the server's side, as the field manager `ottla`; a key that its schema does not have is refused."""
        metadata = document["metadata"]
        query = {"fieldManager": OTTLA, "fieldValidation": "Strict", **({"force": "true"} if force else {})}
        path = place.path(metadata.get("namespace", ""), metadata["name"])
        return self.ask("PATCH", path, query={**query, **({"dryRun": "All"} if dry_run else {})}, body=document, kind=APPLY)

    def apply_status(self, place: Place, document: Mapping[str, Any], status: Mapping[str, Any]) -> Answer:
        """Say something of a resource's status, which is its operator's to say otherwise."""
        metadata = document["metadata"]
        head = {"name": metadata["name"], "namespace": metadata["namespace"]}
        body = {"apiVersion": document["apiVersion"], "kind": document["kind"], "metadata": head, "status": status}
        path = f"{place.path(metadata['namespace'], metadata['name'])}/status"
        return self.ask("PATCH", path, query={"fieldManager": OTTLA, "force": "true"}, body=body, kind=APPLY)

    def merge(self, place: Place, namespace: str, name: str, body: Mapping[str, Any]) -> Answer:
        """Change these keys of what is there, whoever owns them (RFC 7386: null takes a key away)."""
        query = {"fieldManager": OTTLA, "fieldValidation": "Strict"}
        return self.ask("PATCH", place.path(namespace, name), query=query, body=body, kind=MERGE)

    def delete(self, place: Place, namespace: str, name: str, *, uid: str) -> Answer:
        """Delete that very one; what is not there any more is deleted as well."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
        answer = self.ask("DELETE", place.path(namespace, name), body={**options, "propagationPolicy": "Background"})
        return Answer(HTTPStatus.OK, {}) if answer.status == HTTPStatus.NOT_FOUND else answer

    def log(self, namespace: str, pod: str) -> str:
        """What a pod's only container has said."""
        path = f"api/v1/namespaces/{namespace}/pods/{pod}/log"
        found = self._send(self.client.build_request("GET", path))
        if found.status_code >= HTTPStatus.BAD_REQUEST:
            raise ClusterError(Answer(found.status_code, _body(found)).message, where=path)
        return found.text

    def may(self, verb: str, place: Place, namespace: str, subresource: str = "") -> bool:
        """Whether who asks may do that there."""
        wanted = {"verb": verb, "group": place.group, "resource": place.plural, "subresource": subresource}
        spec = {"resourceAttributes": {**wanted, **({"namespace": namespace} if place.namespaced else {})}}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}
        return bool(done(self.ask("POST", RIGHTS, body=review), RIGHTS)["status"].get("allowed"))

    def _read(
        self, path: str, *, query: Mapping[str, str] | None = None, or_else: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """What lies there; ``or_else`` where nothing does. What may not be read is an error, never nothing."""
        answer = self.ask("GET", path, query=query)
        return or_else if answer.status == HTTPStatus.NOT_FOUND and or_else is not None else done(answer, path)


def done(answer: Answer, where: str) -> dict[str, Any]:
    """The object. Raises ClusterError with the server's words where it did not do it."""
    if not answer.done:
        raise ClusterError(answer.message, where=where)
    return answer.body


def _body(found: httpx2.Response) -> dict[str, Any]:
    """The object; of what is none (a proxy's page) the first words as a message."""
    try:
        body = found.json()
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {"message": found.text[:200]}


def at_once(ask: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The answers, in the order of the items; a few questions are asked at a time, as each only waits for a server far away."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(ask, items))


def connect(context: str | None, environ: Mapping[str, str]) -> Cluster:
    """The Kubernetes of a context (None: the current one) of the kubeconfig. Nothing is asked yet.

    Raises UsageError for a context that is not there, LocalError for a kubeconfig that is none.
    """
    files = [Path(each).expanduser() for each in (environ.get(KUBECONFIG) or DEFAULT_KUBECONFIG).split(os.pathsep) if each]
    configs = [_read_config(file) for file in files if file.is_file()]
    if not configs:
        raise UsageError(f"there is no {', '.join(map(str, files))}", hint=f"name your kubeconfig: export {KUBECONFIG}=FILE")
    wanted = context or next((each.current_context for each in configs if each.current_context), None)
    known = sorted({name for each in configs for name in each.contexts})
    if wanted is None:
        said = f"no context is the current one in {', '.join(map(str, files))}"
        raise UsageError(said, hint=f"name one: --context NAME{_among(known)}")
    chosen = next((each for each in configs if wanted in each.contexts), None)
    if chosen is None:
        where = ", ".join(map(str, files))
        raise UsageError(f"no context {wanted!r} in {where}", hint=f"name another: --context NAME{_among(known)}")
    try:
        config = _with_user(chosen.get(wanted))
        client = Client(config, ConnectionParams(timeout=httpx2.Timeout(TIMEOUT)))
    except (*LOGIN_FAILED, httpx2.InvalidURL) as error:
        raise LocalError(f"context {wanted!r} cannot be used: {error}", where=str(chosen.fname)) from error
    return Cluster(wanted, config.cluster.server, client, str(chosen.fname))


def _among(known: list[str]) -> str:
    return f" ({', '.join(known)})" if known else ""


def _read_config(file: Path) -> KubeConfig:
    try:
        return KubeConfig.from_dict(YAML(typ="safe", pure=True).load(file), fname=file)
    except (YAMLError, msgspec.ValidationError, OSError, KeyError, TypeError, AttributeError) as error:
        raise LocalError(f"is no kubeconfig: {error}", where=str(file)) from error


def _with_user(config: SingleConfig | None) -> SingleConfig:
    """A context may name nobody; lightkube then wants somebody without anything to say."""
    assert config is not None  # noqa: S101  (a context that is there)
    return config if config.user else config._replace(user=User())
