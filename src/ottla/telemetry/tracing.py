"""Where spans go: to the collector that OpenTelemetry's own variables name (OTLP over HTTP), and nowhere without one.

A collector that does not answer delays nothing: spans wait in a bounded queue, another thread sends them, and what is not sent
a moment after the command's end is dropped. It is told once.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
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
UNSHOWN = "the collector"  # where its address cannot be read without what may be a secret
LAST_CHANCE = 1.0  # seconds after the end of a command for spans that still wait


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
    provider = None if address is None else _provider(said)
    if provider is None:
        yield None
        return
    hearing = _Hearing(address or "", said)
    logger = logging.getLogger("opentelemetry")
    before = logger.propagate
    logger.addHandler(hearing)
    logger.propagate = False
    try:
        yield provider.get_tracer(SERVICE, version(SERVICE))
    finally:
        ending = threading.Thread(target=provider.shutdown, name="ottla-tracing-end", daemon=True)
        ending.start()
        ending.join(LAST_CHANCE)
        logger.propagate = before
        if ending.is_alive():
            hearing.tell("spans that still waited were dropped")
        else:
            logger.removeHandler(hearing)  # a thread that is left behind says no more than this


def _provider(said: Callable[[str], None]) -> Any:
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
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    except (ValueError, OSError) as error:  # a variable that cannot be read, or a certificate
        said(f"no traces are sent: {error}")
        return None
    return provider


class _Hearing(logging.Handler):
    """Hears what the SDK complains of, and tells the first of it."""

    def __init__(self, address: str, said: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._address = address
        self._shown = shown(address)
        self._said: Callable[[str], None] | None = said
        self._telling = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Tell it, if nothing was told yet."""
        text = str(record.msg) % _without_errors(record.args) if record.args else str(record.msg)
        self.tell(text.replace(self._address, self._shown).partition("\n")[0])

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
