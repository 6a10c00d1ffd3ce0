"""How clients reach a cluster: an address, and the security settings that both client libraries are given.

People have Java's client files (``--command-config``). A listed set of their keys is translated; any other is refused by
name, because a setting that is silently dropped may be the one that mattered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ottla.errors import UsageError
from ottla.kafka.java_properties import parse_properties
from ottla.model.client import KEPT
from ottla.model.login import CertificateLogin, ScramLogin

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ottla.model.login import Login

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
JAAS = "sasl.jaas.config"
TRUSTSTORE, KEYSTORE = "ssl.truststore.location", "ssl.keystore.location"
STORE_TYPES = ("ssl.truststore.type", "ssl.keystore.type")
CHECK_HOST = "ssl.endpoint.identification.algorithm"
SECRETS = frozenset({"sasl.password", "ssl.key.password", JAAS})
# our name of a setting -> (librdkafka's names, kafka-python's names)
CONNECTION: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "security.protocol": (("security.protocol",), ("security_protocol",)),
    "sasl.mechanism": (("sasl.mechanism",), ("sasl_mechanism",)),
    "sasl.username": (("sasl.username",), ("sasl_plain_username",)),
    "sasl.password": (("sasl.password",), ("sasl_plain_password",)),
    "ssl.ca.location": (("ssl.ca.location",), ("ssl_cafile",)),
    "ssl.certificate.location": (("ssl.certificate.location",), ("ssl_certfile",)),
    "ssl.key.location": (("ssl.key.location",), ("ssl_keyfile",)),
    "ssl.key.password": (("ssl.key.password",), ("ssl_password",)),
}
SET_BY_COMMANDS = frozenset({"auto.offset.reset", "enable.auto.commit"})  # by --from and --group
OWN = frozenset(KEPT - SET_BY_COMMANDS)
KEYS = frozenset({"bootstrap.servers", JAAS, TRUSTSTORE, KEYSTORE, CHECK_HOST, *STORE_TYPES, *CONNECTION, *OWN})
PORT = re.compile(r"[0-9]{1,5}")
_JAAS = re.compile(r"org\.apache\.kafka\.common\.security\.(?:plain\.Plain|scram\.Scram)LoginModule\s+required\b(.*);", re.DOTALL)
# What java.io.StreamTokenizer reads within quotes: a backslash and an octal code, one of these letters, or a character as it is
_JAAS_ESCAPE = re.compile(r"\\(?:([0-3][0-7]{0,2}|[4-7][0-7]?)|(.))", re.DOTALL)
_JAAS_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_JAAS_OPTION = re.compile(r"""(\w+)\s*=\s*(?:"((?:\\.|[^"\\\r\n])*)"|'((?:\\.|[^'\\\r\n])*)')""")


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """An address and what goes with it. The repr shows no secret."""

    bootstrap_servers: tuple[str, ...]
    connection: Mapping[str, str] = field(default_factory=dict, repr=False)
    check_host: bool = True
    overrides: Mapping[str, str] = field(default_factory=dict)

    @property
    def logs_in(self) -> bool:
        """Whether a client with these settings says who it is, or meets TLS."""
        return self.connection.get("security.protocol", PROTOCOLS[0]) != PROTOCOLS[0]

    @property
    def for_admin(self) -> dict[str, Any]:
        """What kafka-python is given, beside the address."""
        given = {name: value for key, value in self.connection.items() for name in CONNECTION[key][1]}
        return {**given, "ssl_check_hostname": self.check_host}

    @property
    def for_data(self) -> dict[str, str]:
        """What librdkafka is given, beside the address. The client's own keys come last: they win over the profile."""
        given = {name: value for key, value in self.connection.items() for name in CONNECTION[key][0]}
        return {**given, CHECK_HOST: "https" if self.check_host else "none", **self.overrides}


def login_settings(login: Login) -> ClientSettings:
    """The settings of a user of a locked cluster."""
    connection = {"ssl.ca.location": str(login.authorities)}
    match login.proof:
        case ScramLogin(mechanism, password):
            connection |= {
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": str(mechanism),
                "sasl.username": login.user,
                "sasl.password": password.reveal(),
            }
        case CertificateLogin(store):
            connection |= certificate_settings(str(store))
    return ClientSettings(login.bootstrap_servers, connection)


def certificate_settings(store: str) -> dict[str, str]:
    """Mutual TLS with a key store of PEM: private key and certificate in one file."""
    return {"security.protocol": "SSL", "ssl.certificate.location": store, "ssl.key.location": store}


def read_settings(
    bootstrap_servers: str | None,
    command_config: Path | None,
    properties: list[str],
    *,
    known: Mapping[str, str] = MappingProxyType({}),
) -> ClientSettings:
    """The settings that a person gave: a file of Java's, then ``-X key=value``, which wins. The address wins over both.

    ``known`` is how the cluster is reached by what a spec says, where no setting says otherwise.
    Raises UsageError with the place of whatever cannot be followed.
    """
    given: dict[str, tuple[str, str]] = {}
    if command_config is not None:
        given |= {key: (value, f"{command_config}:{line}") for key, (value, line) in _read(command_config).items()}
    for text in properties:
        key, separator, value = text.partition("=")
        if not separator:
            shown = re.split(r"[:\s]", text)[0]  # what follows may be a secret
            raise UsageError(f"-X {shown}: expected key=value", hint="the keys it takes: ottla topics list -X list")
        given[key.strip()] = (value.strip(), "-X")
    for key, (_, where) in given.items():
        if key not in KEYS:
            near = get_close_matches(key, KEYS, n=1)
            meant = f"did you mean {near[0]}?" if near else "Ottla does not translate it"
            raise UsageError(f"{where}: {key}: {meant}", hint="the keys it takes: ottla topics list -X list")
    address = bootstrap_servers or given.get("bootstrap.servers", ("", ""))[0]
    return _translated(parse_bootstrap_servers(address), given, known)


def with_properties(settings: ClientSettings, properties: list[str]) -> ClientSettings:
    """Settings with some of a person's own (``-X``), which win. Raises UsageError as ``read_settings`` does."""
    return read_settings(",".join(settings.bootstrap_servers), None, properties, known=settings.connection)


def parse_bootstrap_servers(text: str) -> tuple[str, ...]:
    """``host:port,host:port`` as a tuple. Raises UsageError for anything else."""
    servers = tuple(part.strip() for part in text.split(",") if part.strip())
    for server in servers:
        host, _, port = server.rpartition(":")
        if not host or not PORT.fullmatch(port) or not 0 < int(port) < 2**16:
            raise UsageError(f"--bootstrap-server {server}: expected HOST:PORT", hint="several are separated by commas")
    if not servers:
        raise UsageError("no address was given", hint="name one: --bootstrap-server HOST:PORT")
    return servers


def _read(path: Path) -> dict[str, tuple[str, int]]:
    try:
        return parse_properties(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", hint="name another file: --command-config FILE") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text (byte {error.start})", hint="name another file") from None


def _translated(servers: tuple[str, ...], given: Mapping[str, tuple[str, str]], known: Mapping[str, str]) -> ClientSettings:
    connection = {**known, **{key: value for key, (value, _) in given.items() if key in CONNECTION}}
    if JAAS in given:
        connection |= _login(*given[JAAS])
    for store, names in ((TRUSTSTORE, ("ssl.ca.location",)), (KEYSTORE, ("ssl.certificate.location", "ssl.key.location"))):
        if store in given:
            connection |= dict.fromkeys(names, _pem(store, given))
    _check_choice(given, "security.protocol", PROTOCOLS)
    _check_choice(given, "sasl.mechanism", MECHANISMS)
    if connection.get("security.protocol", "PLAINTEXT").startswith("SASL") and "sasl.mechanism" not in connection:
        raise UsageError(f"security.protocol is SASL and there is no sasl.mechanism: one of {', '.join(MECHANISMS)}")
    return ClientSettings(
        servers,
        connection,
        check_host=_checks_host(given),
        overrides={key: value for key, (value, _) in given.items() if key in OWN},
    )


def _checks_host(given: Mapping[str, tuple[str, str]]) -> bool:
    """Whether the host's name must be in its certificate; only an empty value switches that off. Raises UsageError."""
    value, where = given.get(CHECK_HOST, ("https", ""))
    if value.lower() not in {"https", ""}:
        raise UsageError(f"{where}: {CHECK_HOST}={value}: expected https, or nothing")
    return bool(value)


def _check_choice(given: Mapping[str, tuple[str, str]], key: str, choices: tuple[str, ...]) -> None:
    value, where = given.get(key, (choices[0], ""))
    if value not in choices:
        raise UsageError(f"{where}: {key}={value}: expected one of {', '.join(choices)}")


def _login(text: str, where: str) -> dict[str, str]:
    """User and password out of Java's login line; any other login module is refused."""
    match = _JAAS.fullmatch(text.strip())
    options = {name: one or other for name, one, other in _JAAS_OPTION.findall(match[1])} if match else {}
    if not {"username", "password"} <= options.keys():
        raise UsageError(
            f'{where}: {JAAS}: expected PlainLoginModule or ScramLoginModule with username="..." password="...";',
            hint="or give sasl.username and sasl.password",
        )
    unescaped = {name: _unescaped(value) for name, value in options.items()}
    return {"sasl.username": unescaped["username"], "sasl.password": unescaped["password"]}


def _unescaped(text: str) -> str:
    return _JAAS_ESCAPE.sub(lambda found: chr(int(found[1], 8)) if found[1] else _JAAS_LETTERS.get(found[2], found[2]), text)


def _pem(store: str, given: Mapping[str, tuple[str, str]]) -> str:
    """The path of a store, which must be PEM: the clients here do not read Java's own stores."""
    path, where = given[store]
    kind = store.replace("location", "type")
    if given.get(kind, ("JKS", ""))[0].upper() != "PEM":
        raise UsageError(
            f"{where}: {store}: only PEM stores are read here ({kind}=PEM)",
            hint=f"turn it into PEM: keytool -importkeystore -srckeystore {path} -destkeystore store.p12 -deststoretype PKCS12, "
            "then openssl pkcs12 -in store.p12 -out store.pem -nodes",
        )
    return path
