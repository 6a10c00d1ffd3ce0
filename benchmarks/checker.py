"""A history of a million attempts: read from disk, checked, drawn. With an anomaly in every record too, the worst that can be."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from ottla.proof.checker import Verdict, check
from ottla.proof.expected import expected_of
from ottla.proof.history.reading import read_history
from ottla.proof.report import report_page

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.proof.good import good_history
from tests.proof.written import write_history

PRODUCERS, ATTEMPTS = 2, 500_000  # 100 seconds of 10,000 events/s
SECONDS = 60


def main() -> None:
    """Print what each step costs, in seconds of this processor."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "history"
        write_history(path, good_history(expects="kill-leader", attempts=ATTEMPTS, producers=PRODUCERS, partitions=12, readers=3))
        began = time.process_time()
        history = read_history(path)
        read = time.process_time()
        judgement = check(history, expected_of(history.run))
        checked = time.process_time()
        page = report_page(history, judgement)
        drawn = time.process_time()
    assert judgement.verdict is Verdict.VALID
    assert judgement.figures["attempts"] == PRODUCERS * ATTEMPTS
    print(f"{judgement.figures['attempts']:,} attempts, {judgement.figures['delivered']:,} deliveries, 3 members, 3 replicas")
    print(f"  read from disk {read - began:6.1f} s")
    print(f"  checked        {checked - read:6.1f} s   (at most {SECONDS})")
    print(f"  page           {drawn - checked:6.1f} s   ({len(page):,} bytes)")
    assert checked - read < SECONDS
    for member in history.members:  # every record is another one than the log holds
        for row, checksum in enumerate(member.reads.checksum):
            member.reads.checksum[row] = checksum ^ 1
    began = time.process_time()
    judgement = check(history, expected_of(history.run))
    assert judgement.verdict is Verdict.INVALID
    found = sum(each.count for each in judgement.troubles)
    print(f"  all of it bad  {time.process_time() - began:6.1f} s   ({found:,} findings)")


if __name__ == "__main__":
    main()
