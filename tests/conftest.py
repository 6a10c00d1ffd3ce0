"""One real cluster of each shape for the whole run; tests keep apart by the names of their topics."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pytest
from hypothesis import settings
from ruamel.yaml import YAML
from tests.issuer import AUDIENCE, running_issuer
from typer.testing import CliRunner

from ottla.cli.main import app
from ottla.cli.running import INTERRUPTED
from ottla.kafka.settings import login_settings
from ottla.local.processes import end_processes
from ottla.platform import LocalPlatform, Platform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from tests.issuer import Issuer

    from ottla.kafka.settings import ClientSettings

settings.register_profile("ottla", deadline=None)  # a law has no time limit; the machine is shared with clusters
settings.load_profile("ottla")
ROOT = Path(__file__).parent.parent
SHIPPED_SPEC = ROOT / "platform.yaml"
Text = TypeVar("Text", str, bytes)
OTTLA = Path(sys.executable).parent / "ottla"


def pytest_sessionstart(session: pytest.Session) -> None:
    """A run that somebody ends (`kill`, a time limit) ends its clusters as one that comes to its end does."""

    def end(_number: int, _frame: FrameType | None) -> None:
        session.shouldstop = "ended by SIGTERM"  # where a command under test takes the interrupt for its own
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    # Whoever runs in the background of a script ignores it, and so would all that the tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Says a line to whoever watches the run, though output is captured."""
    plugins = request.config.pluginmanager
    reporter, capture = plugins.getplugin("terminalreporter"), plugins.getplugin("capturemanager")

    def line(text: str) -> None:
        if reporter is not None and capture is not None:
            with capture.global_and_fixture_disabled():
                reporter.write_line(text)

    return line


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs no Kafka comes first: it tells sooner, and no cluster runs beside it (five idle nodes take a sixth of a CPU)."""
    items.sort(key=lambda item: item.get_closest_marker("kafka") is not None)


def local_spec() -> dict[str, Any]:
    """The shipped spec as data, without what lies in a Kubernetes, which has faults of its own."""
    spec: dict[str, Any] = YAML(typ="safe").load(SHIPPED_SPEC)
    spec["environments"] = {name: each for name, each in spec["environments"].items() if each["target"] == "local"}
    return spec


@dataclass(frozen=True)
class Done(Generic[Text]):
    """How a command ended, and what it printed."""

    returncode: int
    stdout: Text
    stderr: Text


@dataclass(frozen=True)
class Home:
    """A folder with a spec, and the cluster that runs beside it."""

    folder: Path
    environment: str
    platform: LocalPlatform

    def run(self, *arguments: str, timeout: float = 150, spec: str = "platform.yaml") -> Done[str]:
        """Run a command of `ottla` without a terminal. In this process: half a second less for each of several hundred."""
        done = self._invoke([*arguments, "--file", str(self.folder / spec), "--environment", self.environment], b"", timeout)
        return Done(done.exit_code, done.stdout, done.stderr)

    def pipe(self, *arguments: str, given: bytes = b"") -> Done[bytes]:
        """Run a command with bytes on its stdin; its output comes as bytes."""
        spec = ["--file", str(self.folder / "platform.yaml"), "--environment", self.environment]
        done = self._invoke([*arguments, *spec], given, 150)
        return Done(done.exit_code, done.stdout_bytes, done.stderr_bytes)

    @staticmethod
    def _invoke(arguments: list[str], given: bytes, timeout: float) -> Any:
        started = time.monotonic()
        done = CliRunner().invoke(app, arguments, input=given)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        if done.exit_code == INTERRUPTED:  # somebody ended the tests, and the command heard it
            raise KeyboardInterrupt
        assert time.monotonic() - started < timeout, f"{arguments} took longer than {timeout} s"
        return done

    @staticmethod
    def command(*arguments: str) -> list[str]:
        return [str(OTTLA), *arguments]

    def variant(self, name: str, change: Callable[[dict[str, Any]], None]) -> LocalPlatform:
        """The same cluster seen through a spec that was changed: written beside the first one, as ``name``."""
        spec = local_spec()
        change(spec)
        path = self.folder / name
        path.write_text(json.dumps(spec))
        return Platform.load(path).on(self.environment)

    def end(self) -> None:
        """Remove it. What its nodes hold is of no more use, so nobody waits until they have left in an orderly way."""
        end_processes(self.platform.cluster.running())
        self.platform.wipe()

    @property
    def bootstrap_servers(self) -> tuple[str, ...]:
        return self.platform.cluster.made().bootstrap_servers

    @property
    def settings(self) -> ClientSettings:
        return self.platform.access().settings


def start_home(folder: Path, environment: str) -> Home:
    """Start the platform of the spec in ``folder``; without one, the shipped platform."""
    if not (folder / "platform.yaml").exists():
        shutil.copy(SHIPPED_SPEC, folder / "platform.yaml")
    platform = Platform.load(folder / "platform.yaml").on(environment)
    try:
        platform.up()
    except BaseException:
        platform.wipe()  # nothing that the tests start outlives them
        raise
    return Home(folder, environment, platform)


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The shipped platform on three nodes, for tests that stop nodes only one at a time."""
    home = start_home(tmp_path_factory.mktemp("three"), "local")
    yield home
    home.end()


@dataclass(frozen=True)
class Locked(Home):
    """A home whose platform is locked, and the issuer whose tokens it takes."""

    issuer: Issuer

    def login(self, user: str) -> ClientSettings:
        """The settings of a client that is this user."""
        return login_settings(self.platform.login(user))


def lock(spec: dict[str, Any], issuer: Issuer) -> None:
    """Lock the laptop of the shipped spec, and add users of every kind."""
    oauth = {"issuer": issuer.url, "audience": AUDIENCE, "jwks": issuer.url}
    spec["default_environment"] = "laptop"
    spec["environments"]["laptop"]["security"] = {"enabled": True, "oauth": oauth}
    spec["environments"]["laptop"]["users"] = {
        "with-certificate": {
            "authentication": "certificate",
            "produces": ["task-events"],
            "consumes": {"topics": ["task-events"], "group": "with-certificate"},
        },
        "with-token": {"authentication": "token", "produces": ["task-events"]},
        "slowed": {"produces": ["notification-events"]},
        "nobody": {},
    }
    spec["environments"]["laptop"]["quotas"] = [{"user": "slowed", "producer_byte_rate": "100KB"}]


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    """The shipped platform on one node, locked."""
    folder = tmp_path_factory.mktemp("locked")
    spec = local_spec()
    with running_issuer() as issuer:
        lock(spec, issuer)
        (folder / "platform.yaml").write_text(json.dumps(spec))
        home = start_home(folder, "laptop")
        yield Locked(home.folder, home.environment, home.platform, issuer)
        home.end()


@pytest.fixture(scope="session")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The shipped platform on one node, for tests that stop everything."""
    home = start_home(tmp_path_factory.mktemp("one"), "laptop")
    yield home
    home.end()
