"""helm, as Go builds it."""

from __future__ import annotations

from tests.companions.go.build import Program

PROGRAM = Program("helm", "helm.sh/helm/v3/cmd/helm")
