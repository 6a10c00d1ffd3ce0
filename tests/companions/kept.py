"""What tests make once, and keep outside the clone: programs that are built, files that are generated."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ottla.files import locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

VARIABLE = "OTTLA_COMPANIONS"
BEGUN = ".making-"


def kept_folder() -> Path:
    """``$OTTLA_COMPANIONS``, else ``ottla-companions`` in the user's cache folder."""
    own = os.environ.get(VARIABLE)
    if own:
        return Path(own).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser().absolute() / "ottla-companions"


def digest(decided_by: Iterable[str | bytes]) -> str:
    """What differs where any of these does."""
    of_all = hashlib.sha256()
    for each in decided_by:
        of_all.update(hashlib.sha256(each.encode() if isinstance(each, str) else each).digest())
    return of_all.hexdigest()[:16]


def kept(name: str, decided_by: Iterable[str | bytes], make: Callable[[Path], None], *, say: Callable[[str], None]) -> Path:
    """The folder that ``make`` filled, now or in an earlier run; ``decided_by`` is everything that decides what is in it.

    It is there whole or not at all, so a run that is killed leaves nothing that the next one takes for it. A second run waits
    for the first.
    """
    place = kept_folder() / name / digest(decided_by)
    if place.is_dir():
        return place
    with locked(place.parent / "lock", waiting=lambda who: say(f"waiting for {who}, which makes {name}")):
        if place.is_dir():
            return place
        for left in place.parent.glob(f"{BEGUN}*"):  # by a run that was killed: nobody else is here
            shutil.rmtree(left)
        making = Path(tempfile.mkdtemp(prefix=BEGUN, dir=place.parent))
        try:
            make(making)
            making.rename(place)
        except BaseException:
            shutil.rmtree(making)
            raise
    return place
