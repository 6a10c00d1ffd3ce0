"""Which nodes a cluster has, and which of them take clients, vote, or both. Pure."""

from __future__ import annotations

BROKER, CONTROLLER = "broker", "controller"
COMBINED = (BROKER, CONTROLLER)
QUORUM = 3  # with dedicated controllers: one may be lost
LEAST_ID_SPACE = 2  # digits: controllers begin at 101


def node_roles(brokers: int, *, dedicated: bool) -> dict[int, tuple[str, ...]]:
    """The roles of each node, by node_id. Brokers are 1, 2, 3 ...; dedicated controllers are 101, 102, 103.

    There are three dedicated controllers from three brokers on, else one: two could not lose any either.
    """
    if not dedicated:
        return dict.fromkeys(range(1, brokers + 1), COMBINED)
    first = 10 ** max(LEAST_ID_SPACE, len(str(brokers))) + 1
    controllers = QUORUM if brokers >= QUORUM else 1
    return {
        **dict.fromkeys(range(1, brokers + 1), (BROKER,)),
        **dict.fromkeys(range(first, first + controllers), (CONTROLLER,)),
    }
