"""What is written for a node before it starts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from ottla.errors import LocalError
from ottla.local import ports
from ottla.local.aot import cache_path
from ottla.local.artifacts import lock_text
from ottla.local.certificates import make_authority, make_node_certificate
from ottla.local.jmx_agent import agent_flags
from ottla.local.jvm import FLAGS, Runtime, aot_key, environment, format_command, node_command
from ottla.local.layout import Layout
from ottla.local.log4j2 import ecs_fields, log4j2_text
from ottla.local.node import last_words, needs_format, write_node_files
from ottla.local.properties import DEFAULTS, as_text, server_properties
from ottla.local.record import ClusterRecord, NodeAddress, new_cluster_id, read_record, write_record
from ottla.local.secured import SUPER_USERS, secured_properties
from ottla.metrics.jmx_rules import jmx_config
from ottla.metrics.metric import Role
from ottla.spec.identity import OauthSpec, SecuritySpec
from ottla.spec.refused import OWN_LISTENERS_OF_LOCAL, OWN_OF_LOCAL

NODES = (NodeAddress(1, "127.0.0.1", 9092, 9095, 9096), NodeAddress(2, "127.0.0.1", 9102, 9105, 9106, ("env", "A=b")))
LOCKED = replace(NODES[0], secured=True)
RECORD = ClusterRecord("id", "4.3.1", NODES)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "home")


def test_nodes_and_controllers_have_tls_listeners_and_clients_a_plain_one(layout: Layout) -> None:
    properties = server_properties(layout, RECORD, NODES[0], {})
    assert properties["listeners"] == "CLIENT://127.0.0.1:9092,INTERNAL://127.0.0.1:9095,CONTROLLER://127.0.0.1:9096"
    assert properties["listener.security.protocol.map"].startswith("CLIENT:PLAINTEXT,")
    assert properties["listener.security.protocol.map"].endswith("INTERNAL:SSL,CONTROLLER:SSL")
    assert properties["controller.quorum.voters"] == "1@127.0.0.1:9096,2@127.0.0.1:9106"
    assert properties["listener.name.internal.ssl.client.auth"] == "required"
    assert properties["listener.name.controller.ssl.client.auth"] == "required"


def test_controllers_of_their_own_have_no_listener_for_clients_and_brokers_none_for_controllers(layout: Layout) -> None:
    broker, controller = replace(NODES[0], roles=("broker",)), replace(NODES[1], node_id=101, roles=("controller",))
    record = ClusterRecord("id", "4.3.1", (broker, controller))
    of_broker = server_properties(layout, record, broker, {})
    of_controller = server_properties(layout, record, controller, {"num.io.threads": "3"})
    assert (of_broker["process.roles"], of_controller["process.roles"]) == ("broker", "controller")
    assert of_broker["controller.quorum.voters"] == of_controller["controller.quorum.voters"] == "101@127.0.0.1:9106"
    assert of_broker["listeners"] == of_broker["advertised.listeners"] == "CLIENT://127.0.0.1:9092,INTERNAL://127.0.0.1:9095"
    assert of_controller["listeners"] == "CONTROLLER://127.0.0.1:9106"
    assert "advertised.listeners" not in of_controller
    assert of_controller["num.io.threads"] == "3"


def test_the_spec_wins_over_what_ottla_prefers_but_may_not_take_what_only_ottla_knows(layout: Layout) -> None:
    chosen = server_properties(layout, RECORD, NODES[0], {"broker.heartbeat.interval.ms": "999"})
    assert chosen["broker.heartbeat.interval.ms"] == "999"
    with pytest.raises(LocalError, match=r"cluster.config sets log.dirs, node.id"):
        server_properties(layout, RECORD, NODES[0], {"node.id": "7", "log.dirs": "/"})


def test_what_only_ottla_knows_is_refused_by_the_spec_already(layout: Layout) -> None:
    security = SecuritySpec(oauth=OauthSpec(issuer="i", audience="a", jwks="https://i/keys"))
    locked = {key: value for key, value in secured_properties(security).items() if key != SUPER_USERS}
    for node, configs in ((NODES[0], {}), (LOCKED, locked)):
        ours = server_properties(layout, RECORD, node, configs).keys() - DEFAULTS.keys()
        assert {key for key in ours - OWN_OF_LOCAL if not key.startswith(OWN_LISTENERS_OF_LOCAL)} <= {SUPER_USERS}


def test_a_locked_node_has_no_listener_for_clients_that_do_not_log_in(layout: Layout) -> None:
    sealed = replace(RECORD, seal="s3al")
    properties = server_properties(layout, sealed, LOCKED, secured_properties(SecuritySpec()))
    assert "CLIENT" not in properties["listeners"] + properties["advertised.listeners"]
    assert properties["advertised.listeners"] == "TLS://127.0.0.1:9093,SASL://127.0.0.1:9094,INTERNAL://127.0.0.1:9095"
    protocols = dict(pair.split(":") for pair in properties["listener.security.protocol.map"].split(","))
    assert {protocols[name] for name in ("TLS", "SASL", "INTERNAL", "CONTROLLER")} == {"SSL", "SASL_SSL"}
    assert properties["listener.name.tls.ssl.client.auth"] == "required"
    assert properties["authorizer.class.name"].endswith("StandardAuthorizer")
    assert properties["super.users"] == "User:s3al:node-1;User:s3al:node-2;User:s3al:operator;User:admin"
    for listener in ("internal", "controller"):
        assert properties[f"listener.name.{listener}.ssl.principal.mapping.rules"] == "RULE:^CN=(.*)$/s3al:$1/"
    assert "OAUTHBEARER" not in properties["sasl.enabled.mechanisms"]
    assert not any("oauthbearer" in key for key in properties)


def test_an_open_node_among_locked_ones_calls_the_others_by_the_names_that_those_know(layout: Layout) -> None:
    rules = "listener.name.internal.ssl.principal.mapping.rules"
    opened = server_properties(layout, replace(RECORD, seal="s3al"), NODES[0], {"authorizer.class.name": ""})
    assert opened[rules] == "RULE:^CN=(.*)$/s3al:$1/"
    assert rules not in server_properties(layout, RECORD, NODES[0], {})


def test_a_properties_file_is_escaped_as_java_reads_it() -> None:
    text = as_text({"a.key": "C:\\path=ü\n# no comment", " b": "\U0001f600"})
    assert "a.key=C\\:\\\\path\\=\\u00fc\\n\\# no comment" in text
    assert "\\ b=\\ud83d\\ude00" in text
    assert text.isascii()


def test_logs_rotate(layout: Layout) -> None:
    text = log4j2_text(layout.node(1))
    assert "policies.size.size=10MB" in text
    assert "strategy.max=5" in text


def test_a_log_in_json_says_whose_it_is_and_keeps_its_size_and_number(layout: Layout) -> None:
    controller = replace(NODES[0], roles=("controller",), ecs_logs=True)
    text = log4j2_text(layout.node(1), ecs_fields(RECORD, controller, "todo"))
    lines = text.splitlines()
    assert "PatternLayout" not in text
    for name, data_set in (("file", "kafka.log"), ("audit", "kafka.audit")):
        assert f"appender.{name}.layout.type=JsonTemplateLayout" in lines
        assert any(line.startswith(f"appender.{name}.layout.f") and line.endswith(f".value={data_set}") for line in lines)
        assert f"appender.{name}.policies.size.size=10MB" in lines
    assert (
        sum(line.endswith(".key=labels.role") for line in lines) == sum(line.endswith(".value=controller") for line in lines) == 2
    )


def test_last_words_in_json_are_the_errors_as_text(layout: Layout) -> None:
    files = layout.node(1)
    files.logs.mkdir(parents=True)
    event = {"@timestamp": "2026-11-22T00:51:14.742Z", "log.level": "ERROR", "message": "disk", "log.logger": "kafka.X"}
    files.server_log.write_text(json.dumps(event | {"log.level": "INFO"}) + "\n" + json.dumps(event) + "\n")
    (words,) = last_words(files).split("\n")
    assert words.endswith("] ERROR disk (kafka.X)")


def test_a_record_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    path = tmp_path / "cluster.json"
    assert read_record(path) is None
    write_record(path, RECORD)
    assert read_record(path) == RECORD
    with_agent = replace(RECORD, nodes=(replace(NODES[0], jmx_port=9097, ecs_logs=True), NODES[1]))
    write_record(path, with_agent)
    assert read_record(path) == with_agent


@pytest.mark.parametrize("version", [{"version": 1}, {}], ids=["version 1", "no version"])
def test_a_record_of_an_older_ottla_is_read(tmp_path: Path, version: dict[str, int]) -> None:
    path = tmp_path / "cluster.json"
    write_record(path, RECORD)
    data = json.loads(path.read_text())
    del data["version"]
    for node in data["nodes"]:
        del node["roles"], node["secured"], node["jmx_port"], node["ecs_logs"]
    path.write_text(json.dumps(version | data))
    assert read_record(path) == RECORD


def test_a_record_of_a_newer_ottla_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "cluster.json"
    path.write_text('{"version": 99, "shape": "unknown"}')
    with pytest.raises(LocalError, match="made by a newer Ottla"):
        read_record(path)
    assert path.read_text() == '{"version": 99, "shape": "unknown"}'


NODE = '{"node_id": 1, "host": "h", "client_port": 1, "internal_port": 2, "controller_port": 3, "prefix": []}'


@pytest.mark.parametrize(
    "damaged",
    [
        "",
        "[]",
        "{",
        "null",
        '{"version": 1}',
        '{"version": "x"}',
        '{"version": 2, "nodes": [{}]}',
        '{"version": 2, "nodes": [], "cluster_id": "c", "kafka_version": "4.3.1"}',
        f'{{"version": 2, "nodes": [{NODE}, {NODE}], "cluster_id": "c", "kafka_version": "4.3.1"}}',
        f'{{"version": 2, "nodes": [{NODE}], "cluster_id": 7, "kafka_version": "4.3.1"}}',
        f'{{"version": 2, "nodes": [{NODE.replace("2", "null")}], "cluster_id": "c", "kafka_version": "4.3.1"}}',
        f'{{"version": 2, "nodes": [{NODE[:-1]}, "roles": ["boss"]}}], "cluster_id": "c", "kafka_version": "4.3.1"}}',
        f'{{"version": 2, "nodes": [{NODE[:-1]}, "roles": []}}], "cluster_id": "c", "kafka_version": "4.3.1"}}',
        f'{{"version": 3, "nodes": [{NODE[:-1]}, "jmx_port": "9097"}}], "cluster_id": "c", "kafka_version": "4.3.1"}}',
    ],
)
def test_a_damaged_record_says_so_with_the_way_out(tmp_path: Path, damaged: str) -> None:
    path = tmp_path / "cluster.json"
    path.write_text(damaged)
    with pytest.raises(LocalError, match="damaged") as caught:
        read_record(path)
    assert "ottla down --wipe" in str(caught.value)


def test_cluster_ids_are_those_of_kafka() -> None:
    ids = {new_cluster_id() for _ in range(200)}
    assert len(ids) == 200
    assert all(len(each) == 22 and not each.startswith("-") for each in ids)


def test_each_node_has_a_certificate_of_the_clusters_ca_for_its_own_address(layout: Layout) -> None:
    make_authority(layout, "todo-kafka")
    node = replace(NODES[0], host="127.0.0.7")
    make_node_certificate(layout, node)
    authority = x509.load_pem_x509_certificate(layout.authority.read_bytes())
    store = layout.node(1).keystore.read_bytes()
    assert store.startswith(b"-----BEGIN PRIVATE KEY-----")  # PKCS#8, the only form Kafka reads
    certificate = x509.load_pem_x509_certificates(store)[0]
    certificate.verify_directly_issued_by(authority)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.7"]
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    assert layout.authority_key.stat().st_mode & 0o777 == 0o600
    assert layout.node(1).keystore.stat().st_mode & 0o777 == 0o600


def test_a_nodes_command_ends_with_its_properties_file_by_which_it_is_known(layout: Layout) -> None:
    runtime = Runtime(Path("/jre/bin/java"), (Path("/a.jar"), Path("/b.jar")), Path("/cache.aot"))
    command = node_command(runtime, layout.node(1), heap=1024)
    assert command[-2:] == ["kafka.Kafka", str(layout.node(1).properties)]
    assert "-XX:AOTCache=/cache.aot" in command
    assert "-Xmx1024" in command


def test_a_node_with_a_jmx_port_starts_the_agent_with_the_rules_of_its_roles_and_others_have_nothing_of_it(
    layout: Layout,
) -> None:
    runtime = Runtime(Path("/jre/bin/java"), (Path("/a.jar"),), agent=Path("/agent.jar"))
    controller = replace(NODES[0], roles=("controller",), jmx_port=9097)
    files = layout.node(1)
    write_node_files(layout, RECORD, controller, {}, cluster="todo")
    assert agent_flags(runtime.agent, files, controller) == (f"-javaagent:/agent.jar=127.0.0.1:9097:{files.jmx_config}",)
    assert files.jmx_config.read_text() == jmx_config({Role.CONTROLLER})
    write_node_files(layout, RECORD, NODES[0], {}, cluster="todo")
    assert agent_flags(runtime.agent, files, NODES[0]) == ()
    assert not files.jmx_config.exists()


def test_what_formats_a_node_takes_the_aot_cache_of_nodes_with_an_agent(layout: Layout) -> None:
    plain = Runtime(Path("/jre/bin/java"), (Path("/a.jar"),), Path("/cache.aot"))
    added = "--add-modules=java.instrument"
    assert added not in format_command(plain, layout.node(1), cluster_id="id")
    assert added in format_command(replace(plain, agent=Path("/agent.jar")), layout.node(1), cluster_id="id")


def test_nodes_with_an_agent_have_an_aot_cache_of_their_own() -> None:
    assert cache_path("4.3.1").name == f"kafka-4.3.1-{aot_key(lock_text('4.3.1'))}.aot"
    assert cache_path("4.3.1", with_agent=True) != cache_path("4.3.1")
    assert cache_path("4.3.1", with_ecs_logs=True) not in {cache_path("4.3.1"), cache_path("4.3.1", with_agent=True)}


def test_the_aot_cache_is_of_this_kafka_this_jre_and_these_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    key = aot_key("lock")
    assert aot_key("other lock") != key
    monkeypatch.setattr("ottla.local.jvm.FLAGS", (*FLAGS, "-Xint"))
    assert aot_key("lock") != key


def test_nothing_of_the_shell_changes_how_a_node_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Dsurprise=yes")
    monkeypatch.setenv("CLASSPATH", "/somewhere")
    assert {"JAVA_TOOL_OPTIONS", "CLASSPATH"}.isdisjoint(environment())


def test_ports_come_in_blocks_of_five_and_a_busy_one_is_passed_over() -> None:
    first = ports.free_block("127.0.0.1", taken=set())
    assert first % ports.STEP == ports.FIRST_PORT % ports.STEP
    assert ports.free_block("127.0.0.1", taken={first + 3}) > first


def test_a_node_that_ever_ran_is_never_formatted_anew(layout: Layout) -> None:
    files = layout.node(1)
    assert needs_format(files)
    (files.data / "__cluster_metadata-0").mkdir(parents=True)
    assert not needs_format(files)


def test_last_words_are_the_errors_of_the_last_run_and_what_was_printed_without_the_jdks_warnings(layout: Layout) -> None:
    files = layout.node(1)
    files.logs.mkdir(parents=True)
    assert "wrote nothing" in last_words(files)
    files.server_log.write_text(
        "[t] INFO Registered (kafka.utils.Log4jControllerRegistration$)\n[t] ERROR of an earlier run\n"
        "[t] INFO Registered (kafka.utils.Log4jControllerRegistration$)\n[t] INFO fine\n[t] ERROR disk\n"
    )
    files.output.write_text(
        "Terminating due to java.lang.OutOfMemoryError\nWARNING: sun.misc.Unsafe\nWARNING: more\nWARNING: more\n"
    )
    assert last_words(files).split("\n") == ["    [t] ERROR disk", "    Terminating due to java.lang.OutOfMemoryError"]


def test_last_words_of_a_node_whose_agent_could_not_start_say_why_and_not_where_in_the_agent(layout: Layout) -> None:
    files = layout.node(1)
    files.logs.mkdir(parents=True)
    why = ["Failed to start Prometheus JMX Exporter", "java.net.BindException: Address already in use"]
    frames = ["\tat java.base/sun.nio.ch.Net.bind0(Native Method)", "\tat io.prometheus.jmx.JavaAgent.premain(JavaAgent.java:62)"]
    files.output.write_text("\n".join([why[0], "", why[1], *frames, "", "Prometheus JMX Exporter exiting"]))
    assert [line.strip() for line in last_words(files).split("\n")] == [*why, "Prometheus JMX Exporter exiting"]
