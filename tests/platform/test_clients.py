"""What is written for clients is read back as the same login, by the readers of those clients or by their rules."""

from __future__ import annotations

import datetime as dt
import json
import ssl
import stat
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from ottla.errors import LocalError, UsageError
from ottla.kafka.java_properties import parse_properties
from ottla.kafka.settings import read_settings
from ottla.model.client import ClientKind, ClientProfile
from ottla.model.login import CertificateLogin, Login, ScramLogin
from ottla.model.secret import Secret
from ottla.model.user import ScramMechanism
from ottla.platform.clients import Client, client_of, group_of, render, write_files
from ottla.spec import client_profile, load_spec

_, SHIPPED = load_spec(Path(__file__).parent.parent.parent / "platform.yaml").environment("local-secure")
PROFILE = client_profile(SHIPPED)
SERVERS = ("127.0.0.1:9094", "127.0.0.1:9104")
SHA_512 = ScramMechanism.SHA_512
passwords = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60)
hard = st.text("\\\"$'{}:=#! \n\r\tnt0041aé😀", min_size=1, max_size=20)  # where forms have rules of their own
# What Dapr's Kafka component reads of what is written here (KafkaMetadata); it says nothing about any other key
DAPR_KEYS = {"brokers", "authType", "saslUsername", "saslPassword", "saslMechanism", "caCert", "clientCert", "clientKey"} | {
    "initialOffset",
    "maxMessageBytes",
    "consumerFetchMin",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its certificate in one PEM file, as a user with a certificate has."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "task-service")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("with space") / "task-service.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    return path


def client(store: Path, proof: ScramLogin | CertificateLogin, *, group: str | None = "task-service") -> Client:
    return client_of(Login("task-service", SERVERS, store, proof), PROFILE, group)


def by_password(store: Path, password: str = "p", mechanism: ScramMechanism = SHA_512) -> Client:  # noqa: S107  (an example)
    return client(store, ScramLogin(mechanism, Secret(password)))


def texts(kind: ClientKind, one: Client, folder: Path = Path("/clients")) -> dict[str, str]:
    return {name: text.reveal() for name, text in render(kind, one, folder).texts.items()}


def yaml(text: str) -> Any:
    return YAML(typ="safe").load(text)


@settings(deadline=None)
@given(passwords | hard)
def test_a_java_file_is_read_back_as_the_same_login_whatever_the_password(
    store: Path, tmp_path_factory: pytest.TempPathFactory, password: str
) -> None:
    file = tmp_path_factory.mktemp("java") / "client.properties"
    file.write_text(texts(ClientKind.JAVA, by_password(store, password))["client.properties"], encoding="ascii")
    found = read_settings(None, file, [])
    assert found.bootstrap_servers == SERVERS
    assert found.connection == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "task-service",
        "sasl.password": password,
        "ssl.ca.location": str(store),
    }
    assert found.check_host


def test_a_java_file_of_a_user_with_a_certificate_names_it(store: Path, tmp_path: Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text(texts(ClientKind.JAVA, client(store, CertificateLogin(store)))["client.properties"])
    found = read_settings(None, file, [])
    where = ("ssl.ca.location", "ssl.certificate.location", "ssl.key.location")
    assert found.connection == {"security.protocol": "SSL", **dict.fromkeys(where, str(store))}


def test_java_producers_and_consumers_get_the_profile_and_the_group(store: Path) -> None:
    written = texts(ClientKind.JAVA, by_password(store))
    read = {name: {key: value for key, (value, _) in parse_properties(text).items()} for name, text in written.items()}
    own = read["client.properties"]
    wanted = {key: value for key, value in PROFILE.producer.items() if key != "partitioner"}  # Java's own is murmur2
    assert read["producer.properties"] == {**own, **wanted}
    assert read["consumer.properties"] == {**own, **PROFILE.consumer, "group.id": "task-service"}
    assert render(ClientKind.JAVA, by_password(store), Path("/f")).notes == ()


def test_a_partitioner_that_java_does_not_have_is_told(store: Path) -> None:
    one = replace(by_password(store), profile=ClientProfile({"partitioner": "consistent_random"}, {}))
    for kind in (ClientKind.JAVA, ClientKind.SPRING):
        assert "consistent_random" in render(kind, one, Path("/f")).notes[0]


def kcat_reads(text: str) -> dict[str, str]:
    """By the rules of kcat's read_conf_file: lines of 511 bytes, trimmed, without the backslash of ``\\:`` and ``\\=``."""
    found = {}
    for line in text.encode().split(b"\n"):
        assert len(line) < 511
        shown = line.decode().strip(" \t\n\v\f\r")
        if shown and not shown.startswith("#"):
            while "\\:" in shown or "\\=" in shown:
                shown = shown.replace("\\:", ":").replace("\\=", "=")
            key, _, value = shown.partition("=")
            found[key] = value
    return found


@settings(deadline=None)
@given(passwords | hard)
def test_a_file_for_librdkafka_is_read_back_or_refused(store: Path, password: str) -> None:
    if password != password.strip() or len(password.splitlines()) > 1 or {"\\:", "\\="} & set(map("".join, pairwise(password))):
        with pytest.raises(UsageError, match=r"^sasl\.password "):
            texts(ClientKind.LIBRDKAFKA, by_password(store, password))
        return
    written = texts(ClientKind.LIBRDKAFKA, by_password(store, password))["client.conf"]
    assert kcat_reads(written) == {
        "bootstrap.servers": ",".join(SERVERS),
        "security.protocol": "sasl_ssl",
        "sasl.mechanisms": "SCRAM-SHA-512",
        "sasl.username": "task-service",
        "sasl.password": password,
        "ssl.ca.location": str(store),
        "partitioner": "murmur2_random",
        "group.id": "task-service",
    }


def test_an_old_librdkafka_cannot_log_in_by_password_and_that_is_told(store: Path) -> None:
    assert "before 2.6.1" in render(ClientKind.LIBRDKAFKA, by_password(store), Path("/f")).notes[0]
    assert render(ClientKind.LIBRDKAFKA, client(store, CertificateLogin(store)), Path("/f")).notes == ()


@pytest.mark.parametrize("password", ["geh\\:m", "geh\\=m", " geheim", "geheim ", "geh\nm", "geh\rm", "x" * 600])
def test_a_password_that_kcat_would_read_otherwise_is_refused_without_showing_it(store: Path, password: str) -> None:
    with pytest.raises(UsageError) as told:
        render(ClientKind.LIBRDKAFKA, by_password(store, password), Path("/f"))
    assert password not in str(told.value)


@pytest.mark.parametrize("certificate", [False, True])
def test_librdkafka_itself_takes_the_files(store: Path, *, certificate: bool) -> None:
    one = client(store, CertificateLogin(store)) if certificate else by_password(store, "a=b #c\\d")
    written = {name: kcat_reads(text) for name, text in texts(ClientKind.LIBRDKAFKA, one).items()}
    assert len(written) == 3
    nowhere = {"bootstrap.servers": "", "log_level": 0}
    producer = Producer({**written["producer.conf"], **nowhere})
    Consumer({**written["consumer.conf"], **nowhere}).close()
    assert producer.flush(0) == 0


@pytest.mark.parametrize("mechanism", ScramMechanism)
def test_a_dapr_component_has_the_keys_that_dapr_reads_and_no_secret(store: Path, mechanism: ScramMechanism) -> None:
    written = texts(ClientKind.DAPR, by_password(store, 'ge"he$im', mechanism))
    assert all("he$im" not in text for name, text in written.items() if name.endswith(".yaml"))
    component = yaml(written["pubsub.yaml"])
    keys = {each["name"]: each.get("value", each.get("secretKeyRef")) for each in component["spec"]["metadata"]}
    assert keys.keys() <= DAPR_KEYS
    assert keys == {
        "brokers": ",".join(SERVERS),
        "authType": "password",
        "saslUsername": "task-service",
        "saslPassword": {"name": "saslPassword", "key": "saslPassword"},
        "saslMechanism": str(mechanism).removeprefix("SCRAM-"),
        "caCert": store.read_text().partition("-----END PRIVATE KEY-----\n")[2],
        "initialOffset": "oldest",
        "maxMessageBytes": "1000012",
        "consumerFetchMin": "1",
    }
    assert (component["spec"]["type"], component["scopes"]) == ("pubsub.kafka", ["task-service"])
    secrets = yaml(written["secretstore.yaml"])
    assert component["auth"]["secretStore"] == secrets["metadata"]["name"]
    assert secrets["spec"]["type"] == "secretstores.local.file"
    assert secrets["spec"]["metadata"] == [{"name": "secretsFile", "value": "/clients/secrets.json"}]
    assert json.loads(written["secrets.json"])["saslPassword"] == 'ge"he$im'


def test_a_dapr_component_of_a_user_with_a_certificate_has_a_pair_that_fits(store: Path, tmp_path: Path) -> None:
    written = texts(ClientKind.DAPR, client(store, CertificateLogin(store)))
    keys = {each["name"]: each for each in yaml(written["pubsub.yaml"])["spec"]["metadata"]}
    assert keys.keys() <= DAPR_KEYS
    assert (keys["authType"]["value"], "PRIVATE KEY" in written["pubsub.yaml"]) == ("mtls", False)
    (tmp_path / "cert.pem").write_text(keys["clientCert"]["value"])
    (tmp_path / "key.pem").write_text(json.loads(written["secrets.json"])["clientKey"])
    ssl.create_default_context().load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")


def test_a_dapr_app_whose_group_is_not_its_id_is_told(store: Path) -> None:
    other = render(ClientKind.DAPR, client(store, ScramLogin(SHA_512, Secret("p")), group="readers"), Path("/f"))
    assert "`group: task-service`" in other.notes[0]
    same = render(ClientKind.DAPR, by_password(store), Path("/f"))
    assert all("group" not in note for note in same.notes)
    assert any("partitionNumber" in note for note in same.notes)


@settings(deadline=None)
@given(passwords | hard)
def test_springs_secret_is_in_its_own_file_and_means_nothing_to_spring(
    store: Path, tmp_path_factory: pytest.TempPathFactory, password: str
) -> None:
    written = texts(ClientKind.SPRING, by_password(store, password))["kafka-login.properties"]
    ((key, (line, _)),) = parse_properties(written).items()
    assert key == "spring.kafka.properties[sasl.jaas.config]"
    assert "$" not in line  # no placeholder
    file = tmp_path_factory.mktemp("spring") / "client.properties"
    file.write_text(written.replace("spring.kafka.properties[sasl.jaas.config]", "sasl.jaas.config"))
    login = read_settings("a:1", file, [])
    assert login.connection == {"sasl.username": "task-service", "sasl.password": password}


def test_springs_document_has_its_own_keys_and_brackets_for_the_rest(store: Path) -> None:
    written = texts(ClientKind.SPRING, by_password(store, "geheim"))
    assert "geheim" not in written["application.yaml"]
    spring = yaml(written["application.yaml"])["spring"]
    assert spring["config"] == {"import": "file:/clients/kafka-login.properties"}
    kafka = spring["kafka"]
    assert kafka["bootstrap-servers"] == ",".join(SERVERS)
    assert kafka["security"] == {"protocol": "SASL_SSL"}
    assert kafka["properties"] == {"[sasl.mechanism]": "SCRAM-SHA-512"}
    assert kafka["ssl"] == {"trust-store-type": "PEM", "trust-store-location": f"file:{store}"}
    assert kafka["producer"] == {
        "acks": "all",
        "retries": "2147483647",
        "batch-size": "16384",
        "compression-type": "snappy",
        "properties": {"[enable.idempotence]": "true", "[linger.ms]": "5", "[max.request.size]": "1000012"},
    }
    assert kafka["consumer"] == {
        "group-id": "task-service",
        "fetch-min-size": "1",
        "max-poll-records": "500",
        "enable-auto-commit": "false",
        "auto-offset-reset": "earliest",
        "isolation-level": "read_committed",
        "properties": {"[group.protocol]": "consumer"},
    }


def test_spring_with_a_certificate_needs_no_secret_file(store: Path) -> None:
    written = texts(ClientKind.SPRING, client(store, CertificateLogin(store)))
    spring = yaml(written["application.yaml"])["spring"]
    assert (set(written), "config" in spring) == ({"application.yaml"}, False)
    assert spring["kafka"]["security"] == {"protocol": "SSL"}
    assert spring["kafka"]["ssl"]["key-store-location"] == f"file:{store}"


@pytest.mark.parametrize("kind", ClientKind)
def test_files_are_for_their_owner_alone_and_are_written_anew(store: Path, tmp_path: Path, kind: ClientKind) -> None:
    folder = tmp_path / "new" / "folder"
    for password in ("first", "second"):
        files = render(kind, by_password(store, password), folder)
        assert password not in repr(files)
        paths = write_files(files, folder)
        assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
        assert any(password in path.read_text() for path in paths)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not any("first" in path.read_text() for path in folder.iterdir())


def test_a_file_of_somebody_else_is_not_overwritten_and_their_folder_keeps_its_mode(store: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "application.yaml"
    theirs.write_text("spring: {}\n")
    tmp_path.chmod(0o755)
    files = render(ClientKind.SPRING, by_password(store), tmp_path)
    with pytest.raises(UsageError, match="did not write it"):
        write_files(files, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["application.yaml"]
    theirs.unlink()
    assert len(write_files(files, tmp_path)) == 2
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_login_whose_files_are_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="cannot read"):
        client(tmp_path / "none.pem", ScramLogin(SHA_512, Secret("p")))


def test_the_group_is_the_one_that_the_users_role_names() -> None:
    users = SHIPPED.users
    assert (group_of(SHIPPED, users["task-service"]), group_of(SHIPPED, users["monitoring"])) == ("task-service", None)
    sharing = SHIPPED.model_copy(update={"prefix": "dev."})
    assert group_of(sharing, users["task-service"]) == "dev.task-service"
