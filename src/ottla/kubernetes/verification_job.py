"""`ottla verify` where the cluster is: a Job of Ottla's own image, whose log is the answer. It is gone when it has answered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ottla.errors import ClusterError
from ottla.kubernetes.cluster import CONFIG_MAPS, PODS, Place, done
from ottla.kubernetes.exporter import CLIENT, CONFIG, SPEC, USER, client_settings, mounts, volumes
from ottla.kubernetes.pods import CONTAINER, confined
from ottla.kubernetes.resource import metadata, plain
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ottla.kubernetes.cluster import Cluster
    from ottla.kubernetes.site import Site
    from ottla.local import Reporter

NAME = "ottla-verify"
JOBS = Place("apis/batch/v1", "jobs", namespaced=True)
OF_JOB = "batch.kubernetes.io/job-name"  # the Job controller gives it to pods
KEPT = 600  # seconds that a Job stays of which nobody took the answer; its ConfigMap goes with it
LARGEST = 1_000_000  # bytes of a ConfigMap (the limit is 1 MiB for all of it)
EVERY = 1.0
# Reasons for which a container waits and that do not pass by themselves (kubelet: images.ErrImagePull and the like)
STUCK = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError"}
LAST = 2000  # letters of a log that holds no answer


@dataclass(frozen=True, slots=True)
class Answered:
    """What the Job said: the exit code of `ottla verify`, and the data of its document."""

    exit_code: int
    data: Mapping[str, Any]


def job_documents(site: Site, name: str, spec: str, *, user: str, write: bool, timeout: float) -> tuple[dict[str, Any], ...]:
    """The ConfigMap and the Job of that name: ``spec`` is the text of the spec's file, ``user`` who looks, by full name."""
    head = metadata(name, namespace=site.namespace, component=NAME, site=site)
    data = {SPEC: spec, CLIENT: client_settings(site, user)}
    monitors = site.spec.kubernetes.monitors
    words = ["verify", "--file", f"{CONFIG}/{SPEC}", "--environment", site.environment]
    words += ["--command-config", f"{CONFIG}/{CLIENT}", "--output", "json", *(["--write"] if write else [])]
    if monitors.enabled and monitors.prometheus is not None:
        words += ["--prometheus", monitors.prometheus]
    container = {
        "name": NAME,
        "image": site.spec.kubernetes.image,
        "args": words,
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": CONTAINER,
        "volumeMounts": mounts(site),
    }
    pod = {
        **confined("default", user=USER, group=USER),
        "restartPolicy": "Never",
        "containers": [container],
        "volumes": volumes(site, name, user),
    }
    template = {"metadata": {"labels": head["labels"]}, "spec": pod}
    job = {
        "backoffLimit": 0,
        "activeDeadlineSeconds": max(1, int(timeout)),
        "ttlSecondsAfterFinished": KEPT,
        "template": template,
    }
    return (
        plain({"apiVersion": "v1", "kind": "ConfigMap", "metadata": head, "data": data}),
        plain({"apiVersion": "batch/v1", "kind": "Job", "metadata": head, "spec": job}),
    )


def ask_job(cluster: Cluster, documents: tuple[dict[str, Any], ...], report: Reporter, *, timeout: float) -> Answered:
    """Run it to its end, and take its answer. Whatever happens, it is deleted.

    Raises ClusterError where it cannot be made or says nothing, WaitTimeout.
    """
    config, job = documents
    namespace, name = job["metadata"]["namespace"], job["metadata"]["name"]
    report.step(f"running Job {namespace}/{name}")
    try:
        made = done(cluster.apply(JOBS, job, dry_run=False, force=False), f"Job {namespace}/{name}")
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": made["metadata"]["uid"]}
        owned = {**config, "metadata": {**config["metadata"], "ownerReferences": [owner]}}
        done(cluster.apply(CONFIG_MAPS, owned, dry_run=False, force=False), f"ConfigMap {namespace}/{name}")
        pod = wait_until(
            lambda: _pod(cluster, namespace, name),
            lambda found: found is not None and _exit_code(found) is not None,
            what=f"Job {namespace}/{name} to answer",
            timeout=timeout,
            every=EVERY,
            changed=lambda found: report.step(f"waiting for Job {namespace}/{name}: {_said(found)}"),
            hint=_hint(namespace, name),
        )
        assert pod is not None  # noqa: S101  (what was waited for)
        log = cluster.log(namespace, pod["metadata"]["name"])
        return _answer(log, _exit_code(pod) or 0, where=f"Job {namespace}/{name}")
    finally:
        for place in (JOBS, CONFIG_MAPS):
            there = cluster.get(place, namespace, name)
            if there is not None:
                cluster.delete(place, namespace, name, uid=there["metadata"]["uid"])


def _hint(namespace: str, name: str) -> str:
    """The Job is deleted then, but what was said of it and of its pod stays for an hour. A quota is said of the Job alone."""
    return (
        f"what became of it: kubectl get events --namespace {namespace} | grep {name}; "
        f"while it is waited for: kubectl describe job --namespace {namespace} {name}"
    )


def _pod(cluster: Cluster, namespace: str, name: str) -> dict[str, Any] | None:
    """That of the Job, once there is one. Raises ClusterError where it never gets to run, or to its end.

    The Job is looked at first: a container that has ended by then, which fails a Job as well, is seen to have ended.
    """
    failed = _failed(cluster.get(JOBS, namespace, name) or {})
    found = cluster.listed(PODS, namespace, {OF_JOB: name})
    pod = found[0] if found else None
    if failed is not None and (pod is None or _exit_code(pod) is None):
        raise ClusterError("; ".join([failed, *_reasons(pod)]), where=f"Job {namespace}/{name}")
    for waiting in _states(pod or {}, "waiting"):
        if waiting.get("reason") in STUCK:
            said = f"{waiting['reason']}: {waiting.get('message', '')}"
            raise ClusterError(said, where=f"Job {namespace}/{name}", hint="its image is kubernetes.image of the spec")
    return pod


def _failed(job: Mapping[str, Any]) -> str | None:
    """Why it is known that a Job will not come to a good end."""
    conditions = (job.get("status") or {}).get("conditions") or ()
    failed = next((each for each in conditions if each.get("type") == "Failed" and each.get("status") == "True"), None)
    return None if failed is None else f"{failed.get('reason')}: {failed.get('message')}"


def _reasons(pod: Mapping[str, Any] | None) -> list[str]:
    """What is said of a pod that was put out of its machine (Evicted)."""
    status = (pod or {}).get("status") or {}
    return [f"{status['reason']}: {status.get('message', '')}"] if status.get("reason") else []


def _states(pod: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    for each in (pod.get("status") or {}).get("containerStatuses") or ():
        state = (each.get("state") or {}).get(kind)
        if state is not None:
            yield state


def _exit_code(pod: Mapping[str, Any]) -> int | None:
    return next((int(each["exitCode"]) for each in _states(pod, "terminated")), None)


def _said(pod: Mapping[str, Any] | None) -> str:
    if pod is None:
        return "no pod yet"
    waiting = next((each.get("reason") for each in _states(pod, "waiting")), None)
    return str(waiting or (pod.get("status") or {}).get("phase", "Pending"))


def _answer(log: str, exit_code: int, *, where: str) -> Answered:
    """The document in what was said; notes stand before it. Raises ClusterError with the last words where there is none."""
    begin = 0 if log.startswith("{") else log.find("\n{") + 1
    try:
        document, _ = json.JSONDecoder().raw_decode(log[begin:])
        return Answered(exit_code, document["data"])
    except (ValueError, KeyError, TypeError) as error:
        raise ClusterError(f"ended with {exit_code}, and said: {log[-LAST:].strip() or 'nothing'}", where=where) from error
