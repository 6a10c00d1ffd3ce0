"""What is sent for ACLs and passwords, checked against Kafka's own numbers and the RFC's own example."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from ottla.kafka.acls import OPERATIONS, PATTERN_TYPES, PERMISSIONS, RESOURCE_TYPES
from ottla.kafka.scram import MECHANISMS, salted_password
from ottla.model.secret import Secret
from ottla.model.user import ScramMechanism


def test_the_codes_of_acls_are_those_of_the_protocol() -> None:
    from kafka.protocol.admin import acl  # noqa: PLC0415  (it warns unless ottla.kafka is imported first)

    theirs = [
        each for name in ("ResourceType", "Operation", "PermissionType", "ResourcePatternType") for each in _words(acl, name)
    ]
    ours = [
        (str(word), code) for codes in (RESOURCE_TYPES, OPERATIONS, PERMISSIONS, PATTERN_TYPES) for word, code in codes.items()
    ]
    newer = [("user", 7), ("two_phase_commit", 15)]  # not known to kafka-python yet
    assert sorted(ours) == sorted(theirs + newer)


def _words(module: Any, name: str) -> list[tuple[str, int]]:
    filters = {"UNKNOWN", "ANY", "MATCH"}
    return [(each.name.lower(), each.value) for each in getattr(module, f"ACL{name}") if each.name not in filters]


def test_a_password_is_salted_as_in_the_example_of_rfc_7677() -> None:
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    message = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={nonce}".encode()
    salted = salted_password(Secret("pencil"), ScramMechanism.SHA_256, salt, 4096)
    server_key = hmac.new(salted, b"Server Key", hashlib.sha256).digest()
    signature = hmac.new(server_key, message, hashlib.sha256).digest()
    assert base64.b64encode(signature) == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_each_mechanism_has_its_hash_and_its_code() -> None:
    lengths = {each: len(salted_password(Secret("a"), each, b"salt", 1)) for each in ScramMechanism}
    assert lengths == {ScramMechanism.SHA_256: 32, ScramMechanism.SHA_512: 64}
    assert MECHANISMS == {ScramMechanism.SHA_256: 1, ScramMechanism.SHA_512: 2}
