"""Where spans go: to the collector that OpenTelemetry's own variables name (OTLP over HTTP), and nowhere without one.

A collector that does not answer delays nothing: spans wait in a bounded queue, another thread sends them, and what is not sent
a moment after the command's end is dropped. It is told once.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from opentelemetry.trace import Tracer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
DISABLED = "OTEL_SDK_DISABLED"
EXPORTER = "OTEL_TRACES_EXPORTER"
PREFIX = "OTEL_"
INSTALL = "pip install 'ottla[tracing]'"
SERVICE = "ottla"
UNNAMED = "unknown_service"  # what the SDK says where no variable names the service
EXPORTERS = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
HEARD = (EXPORTERS, "opentelemetry.sdk._shared_internal", "opentelemetry.sdk.trace.export")  # the loggers of those who send
UNSHOWN = "the collector"  # where its address cannot be read without what may be a secret
LAST_CHANCE = 1.0  # seconds after the end of a command for spans that still wait

_WORKING = threading.local()  # `hearing`: that of the block which a thread sends for


def collector(environ: Mapping[str, str]) -> str | None:
    """The address that spans are sent to; None where nothing is to be sent."""
    if environ.get(DISABLED, "").strip().lower() == "true" or environ.get(EXPORTER, "").strip().lower() == "none":
        return None
    return next((environ[name] for name in ENDPOINTS if environ.get(name, "").strip()), None)


def shown(address: str) -> str:
    """The scheme, host and port of an address, for people: a login, a path or a query may be a secret."""
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return UNSHOWN
    if not host or "@" in f"{parts.path}{parts.query}{parts.fragment}":  # a password with a slash in it looks like this
        return UNSHOWN
    named = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{named}" if port is None else f"{parts.scheme}://{named}:{port}"


def reason_of(error: BaseException) -> str:
    """The kind of an error, and what the system said of it: texts of HTTP libraries have the whole address in them."""
    said, seen = "", {id(error)}
    inner: BaseException | None = error
    while inner is not None:
        said = (inner.strerror if isinstance(inner, OSError) else None) or said
        below = [getattr(inner, "reason", None), *inner.args, inner.__cause__, inner.__context__]
        inner = next((each for each in below if isinstance(each, BaseException) and id(each) not in seen), None)
        seen.add(id(inner))
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


@contextmanager
def tracing(environ: Mapping[str, str], said: Callable[[str], None]) -> Iterator[Tracer | None]:
    """What makes spans, inside the ``with`` block; None where nothing is to be sent. ``said`` is told once what goes wrong.

    The SDK reads the variables of this process (``os.environ``) by itself; ``environ`` says whether it is asked at all.
    """
    address = collector(environ)
    if address is None:
        yield None
        return
    hearing = _Hearing(address, said)
    made = _provider(hearing, said)
    if made is None:
        yield None
        return
    provider, sender = made
    hearing.begin()
    try:
        yield provider.get_tracer(SERVICE, version(SERVICE))
    finally:
        ending = threading.Thread(target=_end, args=(provider, hearing), name="ottla-tracing-end", daemon=True)
        ending.start()
        ending.join(LAST_CHANCE)
        if ending.is_alive():
            hearing.tell("spans that still waited were dropped")
            hearing.hush()
            sender.shutdown()  # it tries no more


def _end(provider: Any, hearing: _Hearing) -> None:
    provider.shutdown()
    hearing.end()


def _provider(hearing: _Hearing, said: Callable[[str], None]) -> tuple[Any, _Sender] | None:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  (0.3 s)
        from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        said(f"no traces are sent: {ENDPOINTS[1]} is set, and the SDK is not installed: {INSTALL}")
        return None
    resource = Resource.create({SERVICE_VERSION: version(SERVICE)})
    if str(resource.attributes.get(SERVICE_NAME, UNNAMED)).startswith(UNNAMED):
        resource = resource.merge(Resource({SERVICE_NAME: SERVICE}))
    try:
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        sender = _Sender(OTLPSpanExporter(), hearing)
        provider.add_span_processor(BatchSpanProcessor(cast("Any", sender)))
    except (ValueError, OSError) as error:  # a variable that cannot be read, or a certificate
        said(f"no traces are sent: {error}")
        return None
    return provider, sender


class _Sender:
    """The exporter of one block: what it complains of, in its thread, is for nobody but the hearing of this block."""

    def __init__(self, exporter: Any, hearing: _Hearing) -> None:
        self._exporter = exporter
        self._hearing = hearing
        self._ended = False

    def export(self, spans: Any) -> Any:
        """Send them. It is called in the thread of the SDK that sends for this block."""
        _WORKING.hearing = self._hearing
        return self._exporter.export(spans)

    def shutdown(self) -> None:
        """End it, and the waiting for another attempt; a second time is none."""
        ended, self._ended = self._ended, True
        if not ended:
            self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing waits here."""
        return bool(self._exporter.force_flush(timeout_millis))


class _Hearing(logging.Filter):
    """Hears what the SDK and its exporter complain of while a block lasts, tells the first of it, and passes none of it on.

    It is a filter of their own loggers, for those of API and parsers speak of records. What comes from the thread that sends for
    another block is not for it.
    """

    def __init__(self, address: str, said: Callable[[str], None]) -> None:
        super().__init__()
        self._address = address
        self._shown = shown(address)
        self._said: Callable[[str], None] | None = said
        self._lasts = True
        self._telling = threading.Lock()

    def begin(self) -> None:
        """Listen."""
        for name in HEARD:
            logging.getLogger(name).addFilter(self)

    def hush(self) -> None:
        """Tell no more: from now on this only keeps a thread that is left behind from telling anybody."""
        with self._telling:
            self._said, self._lasts = None, False

    def end(self) -> None:
        """Listen no more."""
        self.hush()
        for name in HEARD:
            logging.getLogger(name).removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell it, if it is for this block and nothing was told yet; whether it is for somebody else."""
        of = getattr(_WORKING, "hearing", self if self._lasts else None)
        if of is not self:
            return True
        if record.levelno >= logging.WARNING:
            text = str(record.msg) % _without_errors(record.args) if record.args else str(record.msg)
            self.tell(text.replace(self._address, self._shown).partition("\n")[0])
        return False

    def tell(self, text: str) -> None:
        """Say it once."""
        with self._telling:
            said, self._said = self._said, None
        if said is not None:
            said(f"traces do not reach {self._shown}: {text}")


def _without_errors(given: Any) -> Any:
    """The same values of a message, with what an error is in the place of its text."""
    if isinstance(given, tuple):
        return tuple(reason_of(each) if isinstance(each, BaseException) else each for each in given)
    return given
