"""Specs of every sort that lie in Kubernetes, as text: what holds for the shipped environments must hold for them."""

from __future__ import annotations

from hypothesis import strategies as st

TOPICS = "topics: {orders: {partitions: 2}, Paid_Orders: {partitions: 1, retention: 7d, config: {preallocate: true}}}\n"
OAUTH = "oauth: {issuer: 'https://id.example', audience: kafka, jwks: 'https://id.example/keys'}"
USERS = """\
users:
  admin: {admin: true, description: "Who may do everything: mind"}
  eyes: {monitor: true}
  writer: {password: '${env:P}', produces: [orders], transactional_id_prefix: writer-}
  sums: {streams: {application_id: sums, reads: [orders], writes: [Paid_Orders], exactly_once: true}}
  robot: {authentication: certificate, consumes: {topics: [Paid_Orders], group: robots}}
"""
WITH_TOKENS = f"{USERS}  bot: {{authentication: token, produces: [orders]}}\n"
RULES = """\
acls:
  - {principal: "User:writer", resource: topic, name: p, pattern: prefixed, operations: [read], permission: deny, host: 10.0.0.1}
  - {principal: "User:eyes", resource: cluster, operations: [alter_configs, idempotent_write]}
quotas: [{user: writer, producer_byte_rate: 1MB, consumer_byte_rate: 3MB, request_percentage: 150, controller_mutation_rate: 0.5}]
"""
STORAGE = [
    "volumes: 1",
    "class: fast, volumes: 2, delete_claim: true",
    "class: encrypted, create: {provisioner: disk.csi.azure.com, parameters: {skuName: Premium_LRS}}",
    "class: plain, create: {provisioner: example.com/disks}",
]
RESOURCES = [
    "resources: {requests: {cpu: 500m, memory: 1536MiB}, limits: {cpu: 1.5, memory: 3GB}}",
    "resources: {limits: {memory: 2000000000}}, controller_resources: {requests: {cpu: 0.25}}",
    "operators: {topic: {requests: {memory: 256MiB}}}",
]


@st.composite
def specs(draw: st.DrawFn) -> str:
    """A sound spec with one environment, `k8s`, and perhaps one more in its cluster, `dev`."""
    cluster = [f"nodes: {draw(st.sampled_from([1, 3, 5]))}", f"controllers: {draw(st.sampled_from(['combined', 'dedicated']))}"]
    cluster += [f"disk: {draw(st.sampled_from(['10GiB', '10GB', '1234567890']))}", "name: shop"]
    cluster += [f"heap: {draw(st.sampled_from(['512MiB', '1GiB', '777777777']))}"]
    cluster += ["config: {num.io.threads: 4, log.cleaner.min.cleanable.ratio: 0.5, auto.create.topics.enable: false}"]
    where = [f"storage: {{{draw(st.sampled_from(STORAGE))}}}", draw(st.sampled_from(RESOURCES))]
    where += [f"spread: {draw(st.sampled_from(['required', 'preferred']))}", "client_namespaces: [web, batch]"]
    where += draw(st.sampled_from([[], ["rack: topology.kubernetes.io/zone"]]))
    security, users = draw(st.sampled_from([("", ""), ("enabled: true", USERS), (f"enabled: true, {OAUTH}", WITH_TOKENS)]))
    own = ", users: {admin: null}, acls: []" if users else ""
    shared = f", dev: {{shares: k8s, prefix: dev.{own}}}" if draw(st.booleans()) else ""
    return (
        "platform: shop\ntopic_defaults: {replication_factor: 1, min_insync_replicas: 1}\n"
        f"cluster: {{{', '.join(cluster)}}}\nkubernetes: {{{', '.join(where)}}}\n"
        f"environments: {{k8s: {{target: strimzi, security: {{{security}}}}}{shared}}}\n"
        f"logs: {{format: {draw(st.sampled_from(['text', 'ecs']))}}}\n{TOPICS}{users}{RULES if users else ''}"
    )
