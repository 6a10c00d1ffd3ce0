from __future__ import annotations

import itertools

from ottla.model.quota import DEFAULT, QuotaEntity


def test_an_entity_says_whom_it_is_for() -> None:
    assert str(QuotaEntity(user="alice", client_id="app")) == "user alice client_id app"
    assert str(QuotaEntity(user=DEFAULT)) == "user (default)"
    assert str(QuotaEntity(ip="10.0.0.1")) == "ip 10.0.0.1"


def test_the_default_is_not_somebody_named_default() -> None:
    names = (None, DEFAULT, "default", "(default)", "DEFAULT")
    entities = [QuotaEntity(user, client) for user, client in itertools.product(names, repeat=2)]
    assert len(set(entities)) == len({each.sort_key for each in entities}) == len(entities)
