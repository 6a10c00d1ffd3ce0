"""Law 11 over a whole secured run: a secret stands where it must, and nowhere else.

Every secret is searched for in all that commands printed, in every file of the environment, and in what anybody could see of
processes. Each search is shown to find a secret where it does stand.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import shutil
import stat
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from tests.conftest import OTTLA, local_spec

from ottla.platform import Platform
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.kafka, pytest.mark.long]

GENERATED, BY_ENV, BY_FILE, BY_CERTIFICATE = "task-service", "by-env", "by-file", "by-certificate"
HANDED_OUT = {
    GENERATED: ("java",),
    BY_ENV: ("java", "librdkafka", "dapr", "spring"),
    BY_FILE: ("java",),
    BY_CERTIFICATE: ("dapr",),
}
VARIABLE, FILE = "BY_ENV_PASSWORD", "secrets/by-file"
GROWN_UP = 3.0  # seconds after which a process starts no other program in its place
LOOK_EVERY = 0.02  # seconds; the tool that formats a node runs for about a second
PRIVATE_KEY = re.compile(r"-----BEGIN PRIVATE KEY-----\n(.*?)\n-----END", re.DOTALL)
KEY_STORES = {"ca.key", "ottla.pem", "tls/authority.pem", f"tls/users/{BY_CERTIFICATE}.pem"}
KEY_STORES |= {"nodes/1/node.pem", "nodes/1/listener.pem"}


def forms(secret: str) -> list[bytes]:
    """A secret as it is, and as it is often written."""
    data = secret.encode()
    return [data, base64.b64encode(data).rstrip(b"="), data.hex().encode()]


def holds(data: bytes, secret: str) -> bool:
    return any(form in data for form in forms(secret))


MISTAKES: dict[str, Any] = {  # where somebody may write a secret itself
    "users": {
        "plain": {"password": "SECRET"},
        "misspelt": {"password": "${enf:SECRET}"},
        "unclosed": {"password": "${env:SECRET"},
        "unknown": {"passwort": "SECRET"},
        "listed": {"password": ["SECRET"]},
    },
    "cluster": {"config": {"ssl.key.password": "SECRET"}},
    "security": {"authority": {"certificate": "${file:ca.pem}", "key": "SECRET"}},
}


def new_secret() -> str:
    return secrets.token_hex(16)


# What anybody could see of processes.


@dataclass
class Seen:
    """Command lines of every process of this machine; variables of those that Ottla started; files of first users."""

    folder: Path
    commands: set[tuple[str, ...]] = field(default_factory=set)
    variables: set[tuple[str, str]] = field(default_factory=set)
    first_users: dict[str, int] = field(default_factory=dict)  # content -> mode
    grown_up: set[psutil.Process] = field(default_factory=set)  # those that run the program that they were started for

    def look(self) -> None:
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process in self.grown_up:
                    continue
                if time.time() - process.create_time() > GROWN_UP:
                    self.grown_up.add(process)
                command = tuple(process.cmdline())
                self.commands.add(command)
                if command and Path(command[0]).name == "java" and any(str(self.folder) in word for word in command):
                    self.variables.update(process.environ().items())
        for path in self.folder.glob(".ottla/*/nodes/*/first-users"):
            with suppress(FileNotFoundError):
                self.first_users[path.read_text()] = stat.S_IMODE(path.stat().st_mode)

    def on_command_lines(self, secret: str) -> bool:
        return any(holds(" ".join(command).encode(), secret) for command in self.commands)

    def in_variables(self, secret: str) -> bool:
        return any(holds(value.encode(), secret) for _, value in self.variables)


@contextmanager
def watched(folder: Path) -> Iterator[Seen]:
    """Look at processes again and again, until the end."""
    seen, over = Seen(folder), threading.Event()

    def look_on() -> None:
        while not over.wait(LOOK_EVERY):
            seen.look()

    watcher = threading.Thread(target=look_on)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


# A whole secured run.


@dataclass(frozen=True)
class Said:
    """A command that ran as people run it, and all that it printed."""

    command: str
    output: bytes


@dataclass
class Run:
    """What a run left behind. ``passwords`` are all that were ever used, wrong ones too, by a name."""

    folder: Path
    seen: Seen
    said: list[Said] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    written_by_mistake: list[str] = field(default_factory=list)
    password: str = ""  # what the variable is set to

    def mistake(self, _: object) -> str:
        """A secret that somebody wrote into a spec."""
        self.written_by_mistake.append(new_secret())
        return self.written_by_mistake[-1]

    @property
    def root(self) -> Path:
        return self.folder / ".ottla/laptop"

    def ottla(self, *arguments: str, spec: str = "platform.yaml", code: int = 0) -> bytes:
        return self.any_cluster(*arguments, "--file", str(self.folder / spec), code=code)

    def any_cluster(self, *arguments: str, code: int) -> bytes:
        """Run a command as people do, and keep all that it says."""
        variables = {**os.environ, VARIABLE: self.password}
        command = [str(OTTLA), *arguments]
        done = subprocess.run(command, cwd=self.folder, env=variables, capture_output=True, timeout=120, check=False)
        self.said.append(Said(" ".join(arguments), done.stdout + done.stderr))
        assert done.returncode == code, f"{arguments}\n{done.stdout.decode()}{done.stderr.decode()}"
        return done.stdout

    def keep(self, name: str, password: str) -> str:
        self.passwords[name] = password
        return password

    def set_variable(self, name: str) -> None:
        self.password = self.keep(name, new_secret())

    def set_file(self, name: str) -> None:
        path = self.folder / FILE
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(self.keep(name, new_secret()) + "\n")

    def generated(self) -> dict[str, str]:
        passwords: dict[str, str] = json.loads((self.root / "secrets.json").read_text())["passwords"]
        return passwords


def spec_of(run: Run, name: str = "platform.yaml", **changes: Any) -> None:
    """The shipped platform on one node, locked, with a user of each kind."""
    spec = local_spec()
    users = {
        BY_ENV: {"monitor": True, "password": f"${{env:{VARIABLE}}}"},
        BY_FILE: {"produces": ["reminder-events"], "password": f"${{file:{FILE}}}"},
        BY_CERTIFICATE: {"produces": ["reminder-events"], "authentication": "certificate"},
    }
    spec["default_environment"] = "laptop"
    spec["environments"]["laptop"].update(security={"enabled": True}, users=users)
    for key, value in changes.items():
        spec["environments"]["laptop"].setdefault(key, {}).update(value)
    (run.folder / name).write_text(json.dumps(spec))


def begin(run: Run) -> None:
    spec_of(run)
    run.set_variable("first by variable")
    run.set_file("first by file")
    run.ottla("up", "--verify")
    for name, password in run.generated().items():
        run.keep(f"{name}, generated", password)


def look_at_it(run: Run) -> None:
    for command in (["plan"], ["verify"], ["users", "list"]):
        run.ottla(*command)
    for command in (["plan"], ["verify"], ["status"], ["users", "list"], ["access", BY_ENV], ["certs", "list"]):
        json.loads(run.ottla(*command, "-o", "json"))
    run.ottla("explain", f"users.{BY_ENV}.password")


def hand_out(run: Run) -> None:
    for user, kinds in HANDED_OUT.items():
        for kind in kinds:
            run.ottla("client-config", user, "--for", kind)


def change(run: Run) -> None:
    run.set_variable("second by variable")
    run.set_file("second by file")
    late = {"late": {"produces": ["task-events"]}}
    spec_of(run, topics={"reminder-events": {"partitions": 2, "retention": "5d"}}, users=late)
    plan = run.ottla("plan")
    assert b"reminder-events" in plan
    assert BY_ENV.encode() in plan
    json.loads(run.ottla("plan", "-o", "json"))
    run.ottla("apply", "--yes")
    run.ottla("plan", "--exit-code")
    run.keep("late, generated", run.generated()["late"])
    run.ottla("users", "rotate", GENERATED)
    run.keep("rotated", run.generated()[GENERATED])


def fail(run: Run) -> None:
    """Everything that goes wrong with a password in it."""
    run.ottla("topics", "list", "--as", BY_ENV)
    right = run.password
    run.set_variable("wrong")
    run.ottla("topics", "list", "--as", BY_ENV, code=1)
    run.password = right
    run.ottla("topics", "create", "mine", "--yes", "--as", BY_FILE, code=1)  # the authorizer refuses it, and says so in its log
    spec_of(run, "faulty.yaml", **json.loads(re.sub("SECRET", run.mistake, json.dumps(MISTAKES))))
    for command in (["plan"], ["validate", "-o", "json"]):
        said = run.ottla(*command, spec="faulty.yaml", code=1).decode() + run.said[-1].output.decode()
        assert all(f"users.{user}.pass" in said for user in MISTAKES["users"]), said
    java = (run.root / "clients" / BY_FILE / "java/client.properties").read_text()
    for name, damage in (("unclosed", ('";', ";")), ("plain", ("ScramLoginModule", "ScramLogin")), ("old", ("", ""))):
        (run.folder / name).write_text(java.replace(*damage))
        run.any_cluster("topics", "list", "--command-config", str(run.folder / name), code=1 if name == "old" else 2)
        (run.folder / name).unlink()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("secrets")
    with watched(folder) as seen:
        run = Run(folder, seen)
        try:
            for part in (begin, look_at_it, hand_out, change, fail):
                part(run)
            run.ottla("logs")
            for verb in ("down", "up", "down"):
                run.ottla(verb)
            yield run  # stopped: Kafka has cut its index files, some gigabytes of zeros, to their size
        finally:
            Platform.load(folder / "platform.yaml").on("laptop").wipe()


def standing(run: Run) -> dict[str, bytes]:
    """Every file of the environment, by its path."""
    paths = [path for path in run.root.rglob("*") if path.is_file()]
    return {str(path.relative_to(run.root)): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def files(run: Run) -> dict[str, bytes]:
    return standing(run)


@pytest.fixture(scope="module")
def private_keys(files: dict[str, bytes]) -> dict[str, str]:
    """The second line of every private key (the first one tells its kind), by the file it is in."""
    found = {path: PRIVATE_KEY.search(data.decode(errors="replace")) for path, data in files.items()}
    return {path: match[1].splitlines()[1] for path, match in found.items() if match and not path.startswith("clients/")}


@pytest.fixture(scope="module")
def salted(run: Run) -> list[str]:
    """The salted passwords of first users, caught while they were there: whoever has one can log in."""
    found = [text for content in run.seen.first_users for text in re.findall(r'saltedpassword="([^"]+)"', content)]
    assert len(found) == 2, "one for each mechanism"
    return found


@pytest.fixture(scope="module")
def every(run: Run, private_keys: dict[str, str], salted: list[str]) -> dict[str, str]:
    """Every secret of the run, by a name that is none."""
    key = json.loads((run.root / "secrets.json").read_text())["key"]
    return {
        **run.passwords,
        **{f"private key in {path}": line for path, line in private_keys.items()},
        **{f"salted {number}": text for number, text in enumerate(salted)},
        **{f"mistake {number}": text for number, text in enumerate(run.written_by_mistake)},
        "key of versions": key,
    }


def where(files: dict[str, bytes], secret: str) -> set[str]:
    return {path for path, data in files.items() if holds(data, secret)}


def test_a_password_stands_in_its_store_and_in_the_files_of_its_client_and_nowhere_else(
    run: Run, files: dict[str, bytes]
) -> None:
    first = {GENERATED: f"{GENERATED}, generated", BY_ENV: "first by variable", BY_FILE: "first by file"}
    handed_out = {name: [(user, kind) for kind in HANDED_OUT[user]] for user, name in first.items()}
    stored = {name for name, password in run.passwords.items() if password in run.generated().values()}
    assert {"admin, generated", "late, generated", "rotated"} <= stored
    assert "task-service, generated" not in stored
    for name, password in run.passwords.items():
        found = where(files, password)
        assert ("secrets.json" in found) == (name in stored), name
        clients = {tuple(path.split("/")[1:3]) for path in found - {"secrets.json"} if path.startswith("clients/")}
        assert clients == set(handed_out.get(name, ())), name
        assert all(path.startswith("clients/") for path in found - {"secrets.json"}), name


def test_a_private_key_stands_in_one_key_store_and_where_a_client_needs_it(
    files: dict[str, bytes], private_keys: dict[str, str]
) -> None:
    assert private_keys.keys() == KEY_STORES
    for path, line in private_keys.items():
        own = {f"clients/{BY_CERTIFICATE}/dapr/secrets.json"} if BY_CERTIFICATE in path else set()
        assert where(files, line) == {path, *own}


def test_what_nobody_is_to_keep_stands_nowhere(run: Run, files: dict[str, bytes], salted: list[str]) -> None:
    for secret in (run.passwords["wrong"], *run.written_by_mistake, *salted):
        assert where(files, secret) == set()


def test_the_first_users_are_in_a_private_file_while_a_node_is_formatted_and_gone_after_it(
    run: Run, files: dict[str, bytes]
) -> None:
    assert set(run.seen.first_users.values()) == {0o600}
    assert not any(path.endswith("first-users") for path in files)


def test_files_that_hold_a_secret_are_for_their_owner_alone(run: Run, files: dict[str, bytes], every: dict[str, str]) -> None:
    holding = {path for secret in every.values() for path in where(files, secret)}
    assert holding >= {"secrets.json", *KEY_STORES}
    modes = {path: stat.S_IMODE((run.root / path).stat().st_mode) for path in holding}
    assert set(modes.values()) == {0o600}, modes
    assert stat.S_IMODE(run.root.stat().st_mode) == 0o700


def test_no_command_prints_a_secret(run: Run, every: dict[str, str]) -> None:
    """Nor a document, nor an error: what failed is among the commands."""
    assert [(said.command, name) for said in run.said for name, secret in every.items() if holds(said.output, secret)] == []
    assert any(holds(said.output, "authenticat") for said in run.said)
    assert sum(b'"data"' in said.output for said in run.said) >= 8


def test_no_log_of_a_node_holds_a_secret(files: dict[str, bytes], every: dict[str, str]) -> None:
    logs = {path: data for path, data in files.items() if "/logs/" in path}
    assert {"nodes/1/logs/server.log", "nodes/1/logs/audit.log"} <= logs.keys()
    assert [name for name, secret in every.items() if where(logs, secret)] == []


def test_no_process_shows_a_secret(run: Run, every: dict[str, str]) -> None:
    seen = run.seen
    for what in ("kafka.Kafka", "kafka.tools.StorageTool", "@" + str(run.root / "nodes/1/first-users"), "rotate"):
        assert seen.on_command_lines(what), "somebody looked while it ran"
    assert seen.in_variables(os.environ["PATH"])
    assert [name for name, secret in every.items() if seen.on_command_lines(secret) or seen.in_variables(secret)] == []
    assert VARIABLE not in {name for name, _ in seen.variables}


def test_a_secret_that_a_process_shows_would_have_been_seen(tmp_path: Path) -> None:
    shown, told = new_secret(), new_secret()
    cat = shutil.which("cat")
    with watched(tmp_path) as seen:
        command = ["java", "-", str(tmp_path / "server.properties"), f"password={shown}"]
        process = subprocess.Popen(
            command, executable=cat, env={"PASSWORD": told}, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            wait_until(lambda: seen.in_variables(told), bool, what="the process to be seen", timeout=10)
        finally:
            process.communicate()
    assert seen.on_command_lines(shown)
    assert not seen.on_command_lines(told)


def test_a_secret_that_is_written_in_another_form_would_have_been_found() -> None:
    secret = new_secret()
    for data in (secret, base64.b64encode(secret.encode()).decode(), secret.encode().hex()):
        assert holds(f"password={data};".encode(), secret)
    assert not holds(f"password={new_secret()};".encode(), secret)
