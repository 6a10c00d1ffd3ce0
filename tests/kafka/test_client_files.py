"""What `ottla client-config` writes opens a locked platform for the clients that it is written for, and no further.

Kafka's own tools are a download of their own (`make test-long`); kcat is installed by `make test-companions`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import confluent_kafka
import pytest

from ottla.local import Silent
from ottla.local.artifacts import TOOLS, ensure_jars
from ottla.local.jvm import environment, java_command
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from tests.conftest import Locked

pytestmark = pytest.mark.kafka

BY_PASSWORD, BY_CERTIFICATE = "reminder-service", "with-certificate"
USERS = (BY_PASSWORD, BY_CERTIFICATE)
READS = "task-events"  # both users read it, and nothing else that is written here
WRITES = {BY_PASSWORD: "reminder-events", BY_CERTIFICATE: "task-events"}
OTHERS = "recurring-events"  # neither user may do anything with it
REFUSED = re.compile(r"(?i)not authorized|authorization *(failed|exception)")
WAIT_MS = 15_000
SCRAM_WORKS = (2, 6, 1)  # the librdkafka whose SCRAM Kafka 4 takes


def client_files(locked: Locked, user: str, kind: str, folder: Path) -> Path:
    done = locked.run("client-config", user, "--for", kind, "--output", str(folder))
    assert done.returncode == 0, done.stderr
    return folder


def with_wrong_password(file: Path, password: str) -> Path:
    """The same file, with another password."""
    wrong = file.with_name(f"wrong-{file.name}")
    text = file.read_text()
    assert password in text
    wrong.write_text(text.replace(password, "wrong"))
    return wrong


def password_of(locked: Locked) -> str:
    return locked.login(BY_PASSWORD).connection["sasl.password"]


# Kafka's own tools.


def java(tool: str, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a tool of Kafka's, with what it logs on stdout too."""
    jars = ":".join(map(str, ensure_jars("4.3.1", TOOLS, report=Silent())))
    command = [str(java_command()), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256M", "-cp", jars]
    command += [f"org.apache.kafka.tools.{tool}", *arguments]
    return subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=False, env=environment())


def servers(folder: Path) -> list[str]:
    """The address that the files name: the tools want it on the command line."""
    [line] = [line for line in (folder / "client.properties").read_text().splitlines() if line.startswith("bootstrap.servers=")]
    return ["--bootstrap-server", line.partition("=")[2].replace("\\", "")]


def java_writes(folder: Path, topic: str, value: str) -> subprocess.CompletedProcess[str]:
    """Idempotent, with the platform's profile."""
    options = [*servers(folder), "--command-config", str(folder / "producer.properties"), "--topic", topic]
    return java("ConsoleProducer", *options, "--reader-property", "parse.key=true", given=f"key\t{value}\n")


def java_reads(folder: Path, topic: str, *, group: str | None = None) -> subprocess.CompletedProcess[str]:
    """Everything in a topic, as a member of the user's group, or of another one; nothing where the group is too slow to begin."""
    file, options = ("consumer", []) if group is None else ("client", ["--group", group])
    config = ["--command-config", str(folder / f"{file}.properties"), "--topic", topic]
    return java("consumer.ConsoleConsumer", *servers(folder), *config, "--from-beginning", "--timeout-ms", "5000", *options)


def java_finds(value: str, folder: Path, topic: str, *, group: str | None = None) -> None:
    """A JVM on a busy machine may take longer to join its group than the tool waits for a record: then it is asked again."""
    seen = "what Kafka's console consumer read"
    wait_until(lambda: java_reads(folder, topic, group=group).stdout, lambda read: value in read, what=seen, timeout=60)


@pytest.mark.long
@pytest.mark.parametrize("user", USERS)
def test_javas_tools_do_what_the_user_may_and_are_refused_the_rest(locked: Locked, tmp_path: Path, user: str) -> None:
    folder = client_files(locked, user, "java", tmp_path / "java")
    admin = client_files(locked, "admin", "java", tmp_path / "admin")
    value, refused_value = f"by java, {user}", f"refused to java, {user}"
    assert not REFUSED.search(said := java_writes(folder, WRITES[user], value).stderr), said
    java_writes(folder, OTHERS, refused_value)
    java_finds(value, admin, WRITES[user], group="admin")
    assert refused_value not in java_reads(admin, OTHERS, group="admin").stdout
    assert java_writes(admin, READS, f"{value}, to be read").returncode == 0
    java_finds(f"{value}, to be read", folder, READS)
    for refused in (java_reads(folder, READS, group="task-service"), java_reads(folder, OTHERS)):
        assert REFUSED.search(refused.stdout + refused.stderr), refused


@pytest.mark.long
@pytest.mark.parametrize("user", USERS)
def test_javas_tools_see_what_the_user_may_see_and_the_administrator_all(locked: Locked, tmp_path: Path, user: str) -> None:
    seen = {}
    for name in (user, "admin"):
        folder = client_files(locked, name, "java", tmp_path / name)
        config = [*servers(folder), "--command-config", str(folder / "client.properties")]
        seen[name] = java("TopicCommand", *config, "--list").stdout.split()
        acls = java("AclCommand", *config, "--list")
        assert bool(REFUSED.search(acls.stdout + acls.stderr)) == (name == user), acls
        made = java("TopicCommand", *config, "--create", "--topic", f"made-by-{name}", "--partitions", "1")
        assert bool(REFUSED.search(made.stdout + made.stderr)) == (name == user), made
    assert {READS, WRITES[user]} <= set(seen[user])
    assert OTHERS not in seen[user]
    assert OTHERS in seen["admin"]
    assert locked.run("topics", "delete", "made-by-admin", "--yes").returncode == 0


@pytest.mark.long
def test_a_java_file_with_a_wrong_password_opens_nothing(locked: Locked, tmp_path: Path) -> None:
    folder = client_files(locked, BY_PASSWORD, "java", tmp_path / "java")
    right = folder / "client.properties"
    for file, let_in in ((right, True), (with_wrong_password(right, password_of(locked)), False)):
        done = java("TopicCommand", *servers(folder), "--command-config", str(file), "--list")
        assert (READS in done.stdout) == let_in, done
        assert ("authentication failed" in (done.stdout + done.stderr).lower()) != let_in, done


# kcat.


def run_kcat(*arguments: str, given: str = "", libraries: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run kcat, with the librdkafka in ``libraries`` (None: the one that it was installed with)."""
    found = shutil.which("kcat")
    assert found, "kcat is not there: make test-companions"
    variables = {**os.environ, "KCAT_CONFIG": "/dev/null", **({"LD_LIBRARY_PATH": str(libraries)} if libraries else {})}
    return subprocess.run(
        [found, *arguments], input=given, capture_output=True, text=True, timeout=60, check=False, env=variables
    )


def librdkafka_of(libraries: Path | None) -> tuple[int, ...]:
    found = re.search(r"librdkafka (\d+)\.(\d+)\.(\d+)", run_kcat("-V", libraries=libraries).stdout)
    assert found
    return tuple(map(int, found.groups()))


def kcat(file: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run kcat with the librdkafka that Ottla itself works with: a distribution's may be too old for passwords."""
    libraries = file.parent / "lib"
    if not libraries.exists():
        libraries.mkdir()
        [library] = Path(confluent_kafka.__file__).parent.with_name("confluent_kafka.libs").glob("librdkafka-*.so.1")
        (libraries / "librdkafka.so.1").symlink_to(library)
        assert librdkafka_of(libraries) >= SCRAM_WORKS
    return run_kcat("-F", str(file), *arguments, given=given, libraries=libraries)


def kcat_writes(file: Path, topic: str, value: str) -> subprocess.CompletedProcess[str]:
    return kcat(file, "-P", "-t", topic, "-K", "=", "-X", f"message.timeout.ms={WAIT_MS}", given=f"key={value}\n")


@pytest.mark.companions
@pytest.mark.parametrize("user", USERS)
def test_kcat_does_what_the_user_may_and_is_refused_the_rest(locked: Locked, tmp_path: Path, user: str) -> None:
    file = client_files(locked, user, "librdkafka", tmp_path / user) / "client.conf"
    admin = client_files(locked, "admin", "librdkafka", tmp_path / "admin") / "client.conf"
    value = f"by kcat, {user}"
    wrote = kcat_writes(file, WRITES[user], value)
    assert wrote.returncode == 0, wrote.stderr
    assert value in kcat(admin, "-C", "-t", WRITES[user], "-e", "-q").stdout
    refused = kcat_writes(file, OTHERS, value)
    assert (refused.returncode != 0, bool(REFUSED.search(refused.stderr))) == (True, True), refused
    assert kcat_writes(admin, READS, f"{value}, to be read").returncode == 0
    assert f"{value}, to be read" in kcat(file, "-C", "-t", READS, "-e", "-q").stdout
    refused = kcat(file, "-C", "-t", OTHERS, "-e", "-q")
    assert (refused.stdout, bool(REFUSED.search(refused.stderr))) == ("", True), refused


@pytest.mark.companions
@pytest.mark.parametrize("user", USERS)
def test_kcat_joins_the_users_own_group_and_no_other(locked: Locked, tmp_path: Path, user: str) -> None:
    file = client_files(locked, user, "librdkafka", tmp_path / user) / "client.conf"
    admin = client_files(locked, "admin", "librdkafka", tmp_path / "admin") / "client.conf"
    assert kcat_writes(admin, READS, "to be read").returncode == 0
    once = ["-X", "auto.offset.reset=earliest", "-c", "1", "-q"]
    assert kcat(file, "-G", user, *once, READS).stdout
    refused = kcat(file, "-G", "task-service", *once, READS)
    assert (refused.stdout, bool(REFUSED.search(refused.stderr))) == ("", True), refused


@pytest.mark.companions
def test_a_kcat_file_with_a_wrong_password_opens_nothing(locked: Locked, tmp_path: Path) -> None:
    right = client_files(locked, BY_PASSWORD, "librdkafka", tmp_path / "kcat") / "client.conf"
    for file, let_in in ((right, True), (with_wrong_password(right, password_of(locked)), False)):
        done = kcat(file, "-L", "-m", "10")
        assert (READS in done.stdout) == let_in, done
        assert ("authentication failed" in done.stderr.lower()) != let_in, done


@pytest.mark.companions
@pytest.mark.parametrize("user", USERS)
def test_kcat_as_it_is_installed_logs_in_by_certificate_and_by_password_unless_it_is_told_that_it_is_too_old(
    locked: Locked, tmp_path: Path, user: str
) -> None:
    told = locked.run("client-config", user, "--for", "librdkafka", "--output", str(tmp_path / "files")).stderr
    assert ("before 2.6.1" in told) == (user == BY_PASSWORD)
    done = run_kcat("-F", str(tmp_path / "files/client.conf"), "-L", "-m", "10")
    works = user == BY_CERTIFICATE or librdkafka_of(None) >= SCRAM_WORKS
    assert (READS in done.stdout) == works, done
