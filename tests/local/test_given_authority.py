"""A CA that the user gives: taken as it is, or refused with a reason; each refusal beside one that differs in one thing."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from tests.local.tls import Refused, shake_hands

from ottla.errors import LocalError
from ottla.local import Layout
from ottla.local.certificates import builder, subject_named
from ottla.local.client_certificates import ensure_client_certificates
from ottla.local.given_authority import load_given_authority
from ottla.local.record import NodeAddress
from ottla.spec.schema import AuthoritySpec

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.local.issuing import Authority

NOW = dt.datetime.now(dt.UTC)
PKCS8 = serialization.PrivateFormat.PKCS8
DAY = dt.timedelta(days=1)
NODES = (NodeAddress.in_block(1, "127.0.0.1", 9092),)
EC_KEY, OTHER_KEY = (ec.generate_private_key(ec.SECP384R1()) for _ in range(2))
RSA_KEY = rsa.generate_private_key(65537, 2048)
Key = Any  # of any kind: some of them are to be refused
SPEC = AuthoritySpec.model_validate({"certificate": "${file:ca.pem}", "key": "${file:secrets/ca.key}"})


def certificate(
    key: Key,
    *,
    ends: dt.datetime = NOW + 30 * DAY,
    begins: dt.datetime = NOW - DAY,
    ca: bool | None = True,
    signs: bool | None = None,
    issuer: tuple[str, Key] | None = None,
) -> bytes:
    name, signer = issuer or ("corp root", key)
    made = builder(subject_named("corp root"), subject_named(name), key.public_key(), valid=(begins, ends))
    if ca is not None:
        made = made.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if signs is not None:
        usages = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
            False,
        )
        usage = x509.KeyUsage(digital_signature=True, key_cert_sign=signs, crl_sign=signs, **usages)
        made = made.add_extension(usage, critical=True)
    hashed = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return made.sign(signer, hashed).public_bytes(serialization.Encoding.PEM)


def pem(key: Key, password: bytes | None = None, form: serialization.PrivateFormat = PKCS8) -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return bytes(key.private_bytes(serialization.Encoding.PEM, form, encryption))


def load(folder: Path, certificate: bytes, key: bytes) -> Authority:
    (folder / "secrets").mkdir(exist_ok=True)
    (folder / "ca.pem").write_bytes(certificate)
    (folder / "secrets" / "ca.key").write_bytes(key)
    loaded = load_given_authority(SPEC, environ={}, folder=folder, now=NOW)
    assert loaded is not None
    return loaded


def refusal(folder: Path, certificate: bytes, key: bytes) -> str:
    with pytest.raises(LocalError) as refused:
        load(folder, certificate, key)
    said = str(refused.value)
    assert said.startswith("security.authority.")
    assert "-----" not in said or "begins with -----" in said
    assert "\n  " in said  # the way out
    return said


@pytest.mark.parametrize("key", [EC_KEY, RSA_KEY], ids=["EC", "RSA"])
@pytest.mark.parametrize("form", [PKCS8, serialization.PrivateFormat.TraditionalOpenSSL], ids=["PKCS8", "traditional"])
def test_what_a_given_ca_issues_gets_in_and_its_key_is_kept_nowhere(
    tmp_path: Path, key: Key, form: serialization.PrivateFormat
) -> None:
    given = load(tmp_path, certificate(key), pem(key, form=form))
    layout = Layout(tmp_path / "local")
    ensure_client_certificates(layout, "todo-kafka", NODES, ["orders"], now=NOW, given=given)
    trusts, server, client = layout.client_authorities, layout.node(1).listener_keystore, layout.user_keystore("orders")
    for version in ("TLSv1_2", "TLSv1_3"):
        seen = shake_hands(
            server=server, server_trusts=trusts, client=client, client_trusts=trusts, version=version, strict=False
        )
        assert seen == "orders"
    secret = pem(key).splitlines()[1]
    assert not [path for path in layout.root.rglob("*") if path.is_file() and secret in path.read_bytes()]
    ours = Layout(tmp_path / "ours")
    ensure_client_certificates(ours, "todo-kafka", NODES, ["orders"], now=NOW, given=None)
    with pytest.raises(Refused):
        shake_hands(server=server, server_trusts=trusts, client=ours.user_keystore("orders"), client_trusts=trusts, strict=False)


def test_key_and_certificate_may_come_from_the_environment(tmp_path: Path) -> None:
    spec = AuthoritySpec.model_validate({"certificate": "${env:CA}", "key": "${env:CA_KEY}"})
    environ = {"CA": certificate(EC_KEY).decode(), "CA_KEY": pem(EC_KEY).decode()}
    assert load_given_authority(spec, environ=environ, folder=tmp_path, now=NOW) is not None
    with pytest.raises(LocalError, match="the variable CA_KEY is not set"):
        load_given_authority(spec, environ={"CA": environ["CA"]}, folder=tmp_path, now=NOW)


def test_a_spec_that_names_no_ca_gives_none(tmp_path: Path) -> None:
    assert load_given_authority(None, environ={}, folder=tmp_path, now=NOW) is None


def test_a_ca_must_be_one_that_may_sign(tmp_path: Path) -> None:
    assert "not that of a CA" in refusal(tmp_path, certificate(EC_KEY, ca=False), pem(EC_KEY))
    assert "not that of a CA" in refusal(tmp_path, certificate(EC_KEY, ca=None), pem(EC_KEY))
    assert "may not sign certificates" in refusal(tmp_path, certificate(EC_KEY, signs=False), pem(EC_KEY))
    load(tmp_path, certificate(EC_KEY, signs=True), pem(EC_KEY))


def test_a_ca_must_hold_now(tmp_path: Path) -> None:
    expired = certificate(EC_KEY, begins=NOW - 3 * DAY, ends=NOW - DAY)
    assert f"expired on {NOW - DAY:%Y-%m-%d}" in refusal(tmp_path, expired, pem(EC_KEY))
    assert "holds only from" in refusal(tmp_path, certificate(EC_KEY, begins=NOW + DAY), pem(EC_KEY))
    load(tmp_path, certificate(EC_KEY, ends=NOW + DAY), pem(EC_KEY))


def test_the_key_must_be_that_of_the_certificate(tmp_path: Path) -> None:
    assert "not that of the certificate ${file:ca.pem}" in refusal(tmp_path, certificate(EC_KEY), pem(OTHER_KEY))
    load(tmp_path, certificate(OTHER_KEY), pem(OTHER_KEY))


@pytest.mark.parametrize("form", [PKCS8, serialization.PrivateFormat.TraditionalOpenSSL], ids=["PKCS8", "traditional"])
def test_an_encrypted_key_is_refused_with_the_command_that_decrypts_it(tmp_path: Path, form: serialization.PrivateFormat) -> None:
    said = refusal(tmp_path, certificate(EC_KEY), pem(EC_KEY, b"hunter2", form))
    assert "the key is encrypted" in said
    assert "openssl pkey -in secrets/ca.key" in said


def test_a_key_is_rsa_of_enough_bits_or_ec(tmp_path: Path) -> None:
    short, edwards = rsa.generate_private_key(65537, 1024), ed25519.Ed25519PrivateKey.generate()  # noqa: S505  (to be refused)
    assert "its RSA key has 1024 bits" in refusal(tmp_path, certificate(short), pem(short))
    assert "neither RSA nor EC" in refusal(tmp_path, certificate(edwards), pem(edwards))
    assert "the key is neither RSA nor EC" in refusal(tmp_path, certificate(EC_KEY), pem(edwards))


def test_a_ca_below_another_is_refused_because_brokers_would_trust_all_that_is_below_that_one(tmp_path: Path) -> None:
    below = certificate(EC_KEY, issuer=("root above", OTHER_KEY))
    assert "comes from another CA" in refusal(tmp_path, below, pem(EC_KEY))
    chain = certificate(EC_KEY) + certificate(OTHER_KEY)
    assert "2 certificates, and one is expected" in refusal(tmp_path, chain, pem(EC_KEY))


@pytest.mark.parametrize("text", [b"not PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_or_no_key_is_said(tmp_path: Path, text: bytes) -> None:
    assert "not a certificate in PEM" in refusal(tmp_path, text, pem(EC_KEY))
    assert "not a private key in PEM" in refusal(tmp_path, certificate(EC_KEY), text)
    assert "not a certificate in PEM" in refusal(tmp_path, pem(EC_KEY), pem(EC_KEY))
