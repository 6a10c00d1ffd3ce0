"""How the machine was: what this process used is ours."""

from __future__ import annotations

import time

from ottla.proof.host import Host


def test_the_process_that_measures_is_a_client_and_nobody_else() -> None:
    host = Host(nodes=(), clients=())
    begin = time.process_time()
    while time.process_time() < begin + 0.1:
        pass
    sample = host.sample()
    assert sample.clients > 0
    assert sample.nodes == 0
