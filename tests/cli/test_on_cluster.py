"""How the settings of any cluster are read: a password may stand elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from ottla.cli.on_cluster import open_access
from ottla.errors import LocalError

SECRET = "of-nobody"  # noqa: S105  (a password of a test)
LOGIN = """bootstrap.servers=a:9093
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.username=monitoring
"""
JAAS = "org.apache.kafka.common.security.scram.ScramLoginModule required"


@pytest.mark.parametrize(
    "password",
    [
        "sasl.password=${file:password}",
        "sasl.password=${env:PASSWORD}",
        f'sasl.jaas.config={JAAS} username="monitoring" password="${{file:password}}";',
    ],
)
def test_a_password_of_client_settings_may_be_a_reference(password: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", SECRET)
    (tmp_path / "password").write_text(f"{SECRET}\n")
    (tmp_path / "client.properties").write_text(LOGIN + password)
    access = open_access(Path("platform.yaml"), None, None, tmp_path / "client.properties", None, None)
    assert access.settings.for_admin.get("sasl_plain_password") == SECRET
    assert SECRET not in repr(access)


def test_it_is_read_anew_each_time(tmp_path: Path) -> None:
    """So that a password that was rotated is found."""
    (tmp_path / "client.properties").write_text(LOGIN + "sasl.password=${file:password}")
    for secret in ("one", "two"):
        (tmp_path / "password").write_text(secret)
        access = open_access(Path("platform.yaml"), None, None, tmp_path / "client.properties", None, None)
        assert access.settings.connection["sasl.password"] == secret


def test_a_reference_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "client.properties").write_text(LOGIN + "sasl.password=${file:password}")
    with pytest.raises(LocalError, match="cannot read"):
        open_access(Path("platform.yaml"), None, None, tmp_path / "client.properties", None, None)


def test_what_only_looks_like_a_reference_is_a_password(tmp_path: Path) -> None:
    (tmp_path / "client.properties").write_text(LOGIN + "sasl.password=a${env:PASSWORD}")
    access = open_access(Path("platform.yaml"), None, None, tmp_path / "client.properties", None, None)
    assert access.settings.connection["sasl.password"] == "a${env:PASSWORD}"
