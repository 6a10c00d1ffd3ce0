"""Make what tests of companions keep outside the clone, before they run: `make companions`. It is there already: a moment."""

from __future__ import annotations

import signal
import sys

from tests.companions.go.build import built
from tests.companions.jaeger import PROGRAM as JAEGER
from tests.kubernetes.control_plane import PROGRAM as CONTROL_PLANE
from tests.kubernetes.crds import all_crds
from tests.kubernetes.helm_program import PROGRAM as HELM


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what it started ends with it
    built(JAEGER, say=say)
    built(CONTROL_PLANE, say=say)
    built(HELM, say=say)
    all_crds(say)
