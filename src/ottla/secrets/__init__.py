"""Secrets: references resolved, passwords generated and kept. Nothing here is shown, logged or put into a plan."""

from ottla.secrets.references import resolve
from ottla.secrets.store import SecretStore

__all__ = ["SecretStore", "resolve"]
