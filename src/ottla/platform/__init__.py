"""Where it comes together: ``Platform.load("platform.yaml").on("local")``, then up, plan, apply, verify, down."""

from ottla.platform.local import LocalPlatform, UpResult
from ottla.platform.platform import Platform
from ottla.platform.shared import SharedPlatform
from ottla.platform.status import PlatformStatus
from ottla.platform.verifying import Verification

__all__ = ["LocalPlatform", "Platform", "PlatformStatus", "SharedPlatform", "UpResult", "Verification"]
