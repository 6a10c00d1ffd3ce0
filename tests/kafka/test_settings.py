"""Java's client files and -X: a listed set is translated, anything else is refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ottla.errors import UsageError
from ottla.kafka.java_properties import parse_properties
from ottla.kafka.settings import parse_bootstrap_servers, read_settings

if TYPE_CHECKING:
    from pathlib import Path

SCRAM = r"""
# a client of the platform
bootstrap.servers=a:9093, b:9093
security.protocol = SASL_SSL
sasl.mechanism: SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
    username="task-service" \
    password="p\"w=1";
ssl.truststore.type=PEM
ssl.truststore.location=/etc/ca.pem
ssl.endpoint.identification.algorithm=
"""


def test_a_java_client_file_becomes_the_settings_of_both_clients(tmp_path: Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text(SCRAM.replace('"p\\"w', '"p\\\\"w'))
    found = read_settings(None, file, ["client.id=me"])
    assert found.bootstrap_servers == ("a:9093", "b:9093")
    assert found.for_admin == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "task-service",
        "sasl_plain_password": 'p"w=1',
        "ssl_cafile": "/etc/ca.pem",
        "ssl_check_hostname": False,
    }
    assert found.for_data["sasl.password"] == 'p"w=1'
    assert found.for_data["ssl.ca.location"] == "/etc/ca.pem"
    assert found.for_data["ssl.endpoint.identification.algorithm"] == "none"
    assert found.for_data["client.id"] == "me"


@pytest.mark.parametrize(
    ("written", "read"),
    [(r"a\nb", "a\nb"), (r"a\044b\0441", "a$b$1"), (r"\777", "?7"), (r"\q\\\"", 'q\\"'), ("a'b", "a'b")],
)
def test_a_login_line_is_read_as_java_reads_it(written: str, read: str) -> None:
    """By java.io.StreamTokenizer: a letter or an octal code after a backslash; a code is at most 377."""
    line = f'org.apache.kafka.common.security.scram.ScramLoginModule required username="u" password="{written}";'
    assert read_settings("a:1", None, [f"sasl.jaas.config={line}"]).connection["sasl.password"] == read


def test_the_address_of_the_command_line_and_x_win_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text("bootstrap.servers=a:1\nsecurity.protocol=SSL\nssl.ca.location=one.pem\n")
    found = read_settings("c:2", file, ["ssl.ca.location=two.pem"])
    assert found.bootstrap_servers == ("c:2",)
    assert found.for_admin["ssl_cafile"] == "two.pem"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ssl.trustore.location=x", "client.properties:2: ssl.trustore.location: did you mean ssl.truststore.location"),
        ("interceptor.classes=x", "client.properties:2: interceptor.classes: Ottla does not translate it"),
        ("ssl.truststore.location=x.jks", "only PEM stores"),
        ("security.protocol=TLS", "expected one of PLAINTEXT, SSL"),
        ("security.protocol=SASL_SSL", "there is no sasl.mechanism"),
        ("sasl.mechanism=GSSAPI", "expected one of PLAIN"),
        ("ssl.endpoint.identification.algorithm=htps", "expected https, or nothing"),
        ("auto.offset.reset=latest", "Ottla does not translate it"),
        (
            r'sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="u" password="a\nb";',
            "expected PlainLoginModule",  # a text ends with its line
        ),
        ("sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required;", "expected PlainLoginModule"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_its_place(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "client.properties"
    file.write_text(f"bootstrap.servers=a:1\n{line}\n")
    with pytest.raises(UsageError, match=said.replace(".", r"\.")):
        read_settings(None, file, [])


def test_a_password_is_in_no_repr_and_a_missing_file_is_told(tmp_path: Path) -> None:
    found = read_settings("a:1", None, ["sasl.password=geheim", "sasl.mechanism=PLAIN", "security.protocol=SASL_SSL"])
    assert "geheim" not in repr(found)
    with pytest.raises(UsageError, match="cannot read"):
        read_settings("a:1", tmp_path / "none", [])
    with pytest.raises(UsageError, match="expected key=value"):
        read_settings("a:1", None, ["acks"])


def test_the_host_is_checked_unless_that_is_switched_off_in_java_s_own_way() -> None:
    assert read_settings("a:1", None, []).check_host
    assert read_settings("a:1", None, ["ssl.endpoint.identification.algorithm=HTTPS"]).check_host
    assert not read_settings("a:1", None, ["ssl.endpoint.identification.algorithm="]).check_host


def test_what_may_be_a_secret_is_not_shown_again() -> None:
    with pytest.raises(UsageError) as told:
        read_settings("a:1", None, ["sasl.password:geheim"])
    assert "geheim" not in str(told.value)


@pytest.mark.parametrize("text", ["", "host", "host:", ":1", "host:0", "host:70000", "host:x", "host:9²"])
def test_an_address_is_host_and_port(text: str) -> None:
    with pytest.raises(UsageError):
        parse_bootstrap_servers(text)


def test_properties_are_read_as_java_reads_them() -> None:
    text = "a=1\n  b : two words  \n! no\nc\\=d=e\\\n   f\ng\nh=\\u00e9\\t|\na=2"
    found = {key: value for key, (value, _) in parse_properties(text).items()}
    assert found == {"a": "2", "b": "two words  ", "c=d": "ef", "g": "", "h": "é\t|"}
    assert parse_properties(text)["h"][1] == 7
    assert parse_properties("a=\\ud83d\\ude00")["a"] == ("😀", 1)


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader_of_properties(text: str) -> None:
    for key, (value, line) in parse_properties(text).items():
        assert isinstance(key, str)
        assert isinstance(value, str)
        assert line >= 1
