"""The typed documents of Kubernetes: namespaces, storage, what pods may use, who watches; for `target: strimzi`."""

from __future__ import annotations

import re
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from ottla.spec.fields import Count, Flag, PositiveSize, Strict
from ottla.spec.monitoring import plain_url

CPU = re.compile(r"([0-9]+)m|([0-9]+(?:\.[0-9]{1,3})?)")
LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"  # RFC 1123: a name of one part
LONGEST_LABEL = 63
OWN_LABELS = COMPONENT, INSTANCE, PART_OF, MANAGED_BY = (  # of all that is rendered; kubernetes.io/docs, "Recommended Labels"
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",  # the environment: by it one is told from others of the platform in the same Kubernetes
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/managed-by",
)
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")  # RFC 1123: a name of parts
LONGEST_NAME = 253
LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
IMAGE = re.compile(r"[a-z0-9][a-z0-9._/:-]*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|@sha256:[0-9a-f]{64})")
LATEST = ":latest"
CHART = re.compile(r"[^-\s]\S*")
SECRET_IN_ADDRESS = re.compile(r"[a-z]+://[^/]*@")


def is_resource_name(text: str) -> bool:
    """Whether a resource of Kubernetes may be called so (a DNS subdomain)."""
    return len(text) <= LONGEST_NAME and NAME.fullmatch(text) is not None


def is_label_value(text: str) -> bool:
    """Whether a label of Kubernetes may have that value."""
    return len(text) <= LONGEST_LABEL and LABEL_VALUE.fullmatch(text) is not None


def is_label_key(text: str) -> bool:
    """Whether a label of Kubernetes may be called so: a name, with a domain before it or without."""
    domain, slash, name = text.rpartition("/")
    return is_label_value(name) and (is_resource_name(domain) if slash else not domain)


def _cpu(value: Any) -> int:
    """Thousandths of a CPU, of ``500m``, ``1`` or ``0.5``."""
    found = CPU.fullmatch(str(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    if found is None:
        raise ValueError("expected an amount of CPU, such as 500m, 1 or 0.5")
    thousandths = int(found[1]) if found[1] else int(Decimal(found[2]) * 1000)
    if thousandths == 0:
        raise ValueError("expected more than 0 of a CPU")
    return thousandths


def _image(value: Any) -> str:
    if not isinstance(value, str) or not IMAGE.fullmatch(value):
        raise ValueError("expected an image with its version, such as example.com/ottla:0.1.0")
    if value.endswith(LATEST):
        raise ValueError("`latest` is no version: name the one that is meant")
    return value


def _chart(value: Any) -> str:
    """It becomes an argument of a program, where options begin with a dash, and which others on the machine can see."""
    if not isinstance(value, str) or not CHART.fullmatch(value):
        raise ValueError("expected a chart as helm finds it, such as strimzi/strimzi-kafka-operator")
    if SECRET_IN_ADDRESS.match(value):
        raise ValueError("holds a password: log helm in instead (helm repo add, helm registry login)")
    return value


def _prometheus(value: Any) -> str:
    return plain_url(value, "expected a URL such as http://prometheus-operated.monitoring.svc:9090")


_CPU = WithJsonSchema({"type": ["string", "number"], "examples": ["500m", 1, 0.5]})
_URL = WithJsonSchema({"type": "string", "examples": ["http://prometheus-operated.monitoring.svc:9090"]})
_IMAGE = WithJsonSchema({"type": "string", "examples": ["example.com/ottla:0.1.0"]})
_CHART = WithJsonSchema({"type": "string", "examples": ["strimzi/strimzi-kafka-operator"]})

Cpu = Annotated[int, BeforeValidator(_cpu), _CPU]
Image = Annotated[str, BeforeValidator(_image), _IMAGE]
Chart = Annotated[str, BeforeValidator(_chart), _CHART]
Namespace = Annotated[str, Field(pattern=LABEL, max_length=LONGEST_LABEL)]


class Spread(Enum):
    """Whether nodes of one kind must lie on machines of their own, or should if they can."""

    REQUIRED = "required"
    PREFERRED = "preferred"


class Amounts(Strict):
    """How much of a machine."""

    cpu: Cpu | None = Field(default=None, description="CPU: `500m` is half a core.")
    memory: PositiveSize | None = Field(default=None, description="Memory.")


class ComputeSpec(Strict):
    """What a pod is promised, and what it may use at most."""

    requests: Amounts = Field(default=Amounts(), description="What it is promised.")
    limits: Amounts = Field(default=Amounts(), description="What it may use at most.")


def _compute(**amounts: dict[str, Any]) -> ComputeSpec:
    return ComputeSpec.model_validate(amounts)


class NewStorageClass(Strict):
    """A storage class that is made for the platform: where encryption at rest must be asked for, it is here."""

    provisioner: str = Field(min_length=1, description="Who makes the volumes, such as `disk.csi.azure.com`.")
    parameters: dict[str, str] = Field(default={}, description="What the provisioner is told, such as the disk encryption set.")


class StorageSpec(Strict):
    """The volumes of Kafka's nodes. Their size is `cluster.disk`."""

    storage_class: str | None = Field(
        default=None, alias="class", min_length=1, description="The StorageClass; without it, the default one of the Kubernetes."
    )
    create: NewStorageClass | None = Field(
        default=None, description="Make that StorageClass: volumes can grow, and stay when their claim is gone."
    )
    volumes: Count = Field(default=1, description="How many volumes a node has (JBOD), each of the size of `cluster.disk`.")
    delete_claim: Flag = Field(default=False, description="Whether the volumes are deleted with the cluster.")


class StrimziSpec(Strict):
    """Strimzi itself: its cluster operator, and the kinds that it brings."""

    install: Flag = Field(
        default=True,
        description="Whether `ottla deploy` installs and upgrades it, by helm, in `namespace`; else it is somebody else's, and "
        "only looked for.",
    )
    chart: Chart = Field(
        default="strimzi/strimzi-kafka-operator",
        description="Its chart, as helm finds it: `REPOSITORY/CHART` by the name that your helm has for the repository, a "
        "folder, or an address without a password.",
    )


class OperatorsSpec(Strict):
    """Strimzi's operators beside a cluster."""

    topic: ComputeSpec = Field(default=ComputeSpec(), description="What the topic operator is promised, and may use.")
    user: ComputeSpec = Field(default=ComputeSpec(), description="What the user operator is promised, and may use.")


class MonitorsSpec(Strict):
    """The prometheus-operator that watches, where there is one."""

    enabled: Flag = Field(default=True, description="Whether PodMonitor, ServiceMonitor and PrometheusRule are made.")
    namespace: Namespace = Field(default="monitoring", description="Where Prometheus runs, who may ask exporter and nodes.")
    labels: dict[str, str] = Field(
        default={"release": "prometheus"}, description="The labels by which the operator finds monitors and rules."
    )
    prometheus: Annotated[str, BeforeValidator(_prometheus), _URL] | None = Field(
        default=None,
        description="Where that Prometheus answers pods: `ottla verify` asks it whether nodes and exporter are really scraped. "
        "The prometheus-operator makes a Service `prometheus-operated` beside each.",
    )
    dashboards: dict[str, str] = Field(
        default={"grafana_dashboard": "1"}, description="The labels by which Grafana's sidecar finds dashboards; `{}` makes none."
    )


class UiSpec(Strict):
    """Kafka UI (kafbat), in the cluster."""

    enabled: Flag = Field(default=False, description="Whether Kafka UI is run. It is reached by `kubectl port-forward` only.")
    image: Image = Field(default="ghcr.io/kafbat/kafka-ui:v1.5.0", description="Its image.")
    user: str | None = Field(
        default=None,
        min_length=1,
        description="As which of `users` it logs in, where security is enabled; with `monitor: true` it shows all but records.",
    )
    read_only: Flag = Field(default=True, description="Whether it only shows; else it does what its user may.")
    resources: ComputeSpec = Field(
        default=_compute(requests={"cpu": "100m", "memory": "512MiB"}, limits={"cpu": 1, "memory": "1GiB"}),
        description="What it is promised, and may use.",
    )


class DaprSpec(Strict):
    """Dapr components: one for each service that is a user with a password, scoped to it."""

    enabled: Flag = Field(default=False, description="Whether Components, Subscriptions and Resiliency are made.")
    dead_letters: str | None = Field(
        default=None,
        min_length=1,
        description="The topic that takes what a service cannot read of compacted topics: Dapr cannot read tombstones. "
        "It is one of `topics`, not compacted, and whoever reads a compacted topic `produces` it.",
    )


class KubernetesSpec(Strict):
    """How the platform lies in a Kubernetes; for `target: strimzi`."""

    context: str | None = Field(
        default=None, min_length=1, description="The context of kubectl that is meant; without it, the current one."
    )
    namespace: Namespace = Field(default="kafka", description="The namespace of Kafka and of all that belongs to it.")
    client_namespaces: tuple[Namespace, ...] = Field(
        default=(), description="The namespaces whose pods may reach Kafka; `namespace` itself may always."
    )
    storage: StorageSpec = Field(default=StorageSpec(), description="The volumes of Kafka's nodes.")
    resources: ComputeSpec = Field(default=ComputeSpec(), description="What each node of Kafka is promised, and may use.")
    controller_resources: ComputeSpec | None = Field(
        default=None, description="The same for dedicated controllers; without it, as `resources`."
    )
    strimzi: StrimziSpec = Field(default=StrimziSpec(), description="Strimzi itself, which `ottla deploy` brings.")
    operators: OperatorsSpec = Field(default=OperatorsSpec(), description="Strimzi's operators beside the cluster.")
    spread: Spread = Field(
        default=Spread.REQUIRED,
        description="`required`: no two brokers on one machine, nor two controllers, or they wait; `preferred`: if there are "
        "enough machines.",
    )
    rack: str | None = Field(
        default=None,
        min_length=1,
        description="The label of machines that names their rack or zone, such as `topology.kubernetes.io/zone`.",
    )
    monitors: MonitorsSpec = Field(default=MonitorsSpec(), description="The prometheus-operator that watches.")
    image: Image = Field(
        default="ottla:0.1.0", description="Ottla's own image, which the exporter runs in (make it with the Containerfile)."
    )
    exporter_resources: ComputeSpec = Field(
        default=_compute(requests={"cpu": "100m", "memory": "128MiB"}, limits={"cpu": "500m", "memory": "512MiB"}),
        description="What the exporter is promised, and may use.",
    )
    ui: UiSpec = Field(default=UiSpec(), description="Kafka UI (kafbat).")
    dapr: DaprSpec = Field(default=DaprSpec(), description="Dapr components for the services.")
