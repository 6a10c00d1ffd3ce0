"""What a person writes: ``platform.yaml``, its environments, its faults, and the ClusterState that it asks for."""

from ottla.spec.configs import kafka_text
from ottla.spec.desired import client_profile, desired_state
from ottla.spec.faults import Fault
from ottla.spec.load import Spec, load_spec
from ottla.spec.schema import EnvironmentSpec, Target, TopicSpec, WriteProbe
from ottla.spec.sizing import disk_warnings

__all__ = [
    "EnvironmentSpec",
    "Fault",
    "Spec",
    "Target",
    "TopicSpec",
    "WriteProbe",
    "client_profile",
    "desired_state",
    "disk_warnings",
    "kafka_text",
    "load_spec",
]
