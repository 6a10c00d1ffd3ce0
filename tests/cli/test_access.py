from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from ottla.cli.offered import user_names

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Ottla

SECURED = ("-e", "local-secure")


def data(ottla: Ottla, *arguments: str) -> dict[str, Any]:
    done = ottla("access", *arguments, "-o", "json")
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["data"]
    return found


def rows(ottla: Ottla, *arguments: str) -> list[list[str]]:
    done = ottla("access", *arguments)
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()[1:]
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines if not line.startswith("(")]


def line_of(folder: Path, text: str) -> int:
    lines = (folder / "platform.yaml").read_text().splitlines()
    (found,) = [number for number, line in enumerate(lines, start=1) if text in line]
    return found


def add_acls(folder: Path, *acls: str) -> None:
    path = folder / "platform.yaml"
    lines = "".join(f"      - {acl}\n" for acl in acls)
    enabled = "    security: {enabled: true}\n"
    path.write_text(path.read_text().replace(enabled, f"{enabled}    acls:\n{lines}", 1))  # local-secure comes first


def test_a_user_is_told_with_the_line_that_says_each_thing(ottla: Ottla, folder: Path) -> None:
    produces = f"platform.yaml:{line_of(folder, 'produces: [task-events')}: users.task-service.produces"
    consumes = f"platform.yaml:{line_of(folder, 'group: task-service')}: users.task-service.consumes"
    ids = f"platform.yaml:{line_of(folder, 'prefix: task-service-')}: users.task-service.transactional_id_prefix"
    assert rows(ottla, "task-service", *SECURED) == [
        ["task-service", "topic task-events", "write (describe)", f"{produces}.0"],
        ["task-service", "topic task-update-events", "write (describe)", f"{produces}.1"],
        ["task-service", "transactional_id task-service-*", "write (describe)", ids],
        ["task-service", "topic recurring-events", "read (describe)", f"{consumes}.topics.0"],
        ["task-service", "group task-service", "read (describe)", f"{consumes}.group"],
    ]


def test_what_is_implied_says_by_what(ottla: Ottla) -> None:
    (user,) = data(ottla, "task-service", *SECURED)["users"]
    implied = {(right["name"], right["operation"]): right["implied_by"] for right in user["rights"]}
    assert implied["task-events", "write"] is None
    assert implied["task-events", "describe"] == "write"
    assert implied["recurring-events", "describe"] == "read"
    assert {right["holds"] for right in user["rights"]} == {"yes"}


def test_a_deny_is_told_with_its_line_and_what_it_takes_away(ottla: Ottla, folder: Path) -> None:
    add_acls(
        folder,
        '{principal: "User:*", resource: topic, name: task-up, pattern: prefixed, operations: [write], permission: deny}',
        '{principal: "User:monitoring", resource: topic, name: todo, pattern: prefixed, operations: [all], permission: deny}',
    )
    said = line_of(folder, "name: task-up")
    found = rows(ottla, "task-service", *SECURED)
    assert found[1][1:3] == ["topic task-update-events", "(describe); denied: write"]
    assert found[-1] == [
        "task-service",
        "topic task-up*",
        "not: write",
        f"platform.yaml:{said}: environments.local-secure.acls.0",
    ]
    (user,) = data(ottla, "task-service", *SECURED)["users"]
    (void,) = [right for right in user["rights"] if right["holds"] == "no"]
    assert (void["name"], void["denied_by"][0]["line"]) == ("task-update-events", said)
    assert rows(ottla, "monitoring", *SECURED)[1][2] == "describe, describe_configs; denied in part: describe, describe_configs"


def test_an_all_that_is_denied_in_one_operation_says_which(ottla: Ottla, folder: Path) -> None:
    add_acls(
        folder,
        '{principal: "User:legacy", resource: topic, name: task-events, operations: [all], host: 10.0.0.1}',
        '{principal: "User:legacy", resource: topic, name: task-events, operations: [delete], permission: deny}',
    )
    assert rows(ottla, "legacy", *SECURED)[0][1:3] == ["topic task-events from 10.0.0.1", "all; denied: delete"]


def test_a_topic_is_told_with_everybody_who_may_do_something_to_it(ottla: Ottla) -> None:
    found = {row[0]: row[2] for row in rows(ottla, "--topic", "reminder-events", *SECURED)}
    assert found == {
        "admin": "everything (super user)",
        "monitoring": "describe, describe_configs",
        "reminder-service": "write (describe)",
        "notification-service": "read (describe)",
    }
    assert [row[0] for row in rows(ottla, "--group", "event-service", *SECURED)] == ["admin", "monitoring", "event-service"]
    assert rows(ottla, "event-service", "--topic", "task-events", *SECURED)[0][2] == "read (describe)"


def test_what_everybody_may_do_is_told_once_more_for_whoever_has_no_line(ottla: Ottla, folder: Path) -> None:
    add_acls(folder, '{principal: "User:*", resource: group, name: guests, operations: [read]}')
    assert rows(ottla, "--group", "guests", *SECURED)[-1][:3] == ["* (whoever is logged in)", "group guests", "read (describe)"]


def test_the_administrator_may_do_everything(ottla: Ottla) -> None:
    assert [row[1:3] for row in rows(ottla, "admin", *SECURED)] == [["*", "everything (super user)"]]


def test_who_may_do_nothing_is_told_so(ottla: Ottla) -> None:
    done = ottla("access", "task-service", "--topic", "notification-events", *SECURED)
    assert (done.exit_code, done.stdout) == (0, "task-service may do nothing there\n")


def test_in_an_open_environment_everybody_may_do_everything(ottla: Ottla) -> None:
    done = ottla("access", "task-service")
    assert done.exit_code == 0
    assert "everybody may do everything in local" in done.stdout
    assert "local-secure" in done.stdout
    assert (data(ottla, "task-service")["secured"], data(ottla, "task-service")["users"]) == (False, [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("task-servic",), "did you mean 'task-service'?"),
        (("task-servic", *SECURED), "did you mean 'task-service'?"),
        ((), "name a user, or --topic NAME, or --group NAME"),
        (("--topic", "a", "--group", "b"), "one at a time"),
        (("admin", "-e", "nowhere"), "no environment 'nowhere'"),
    ],
)
def test_a_question_without_sense_is_a_usage_error(ottla: Ottla, arguments: tuple[str, ...], said: str) -> None:
    done = ottla("access", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_topic_that_is_not_in_the_spec_is_answered_with_a_note(ottla: Ottla) -> None:
    done = ottla("access", "--topic", "task-event", *SECURED)
    assert done.exit_code == 0
    assert "there is no topic task-event in the spec; did you mean 'task-events'?" in done.stderr
    assert "admin" in done.stdout


@pytest.mark.parametrize("prefix", ["", "dev."])
def test_in_a_shared_cluster_names_are_known_with_their_prefix_and_without(ottla: Ottla, shared: Path, prefix: str) -> None:
    assert shared.exists()
    done = ottla("access", "--topic", f"{prefix}reminder-events", "-e", "dev")
    assert (done.exit_code, done.stderr) == (0, "")
    found = {row[0]: row[1:3] for row in rows(ottla, "--topic", f"{prefix}reminder-events", "-e", "dev")}
    assert found["dev.reminder-service"] == ["topic dev.reminder-events", "write (describe)"]
    assert found["dev.notification-service"] == ["topic dev.reminder-events", "read (describe)"]
    assert ["dev.event-service", "group dev.event-service", "read (describe)"] in [
        row[:3] for row in rows(ottla, "--group", f"{prefix}event-service", "-e", "dev")
    ]
    assert rows(ottla, "event-service", "--topic", f"{prefix}task-events", "-e", "dev")[0][2] == "read (describe)"


def test_a_topic_that_a_shared_environment_has_not_is_noted_and_who_may_touch_what_begins_so_is_told(
    ottla: Ottla, shared: Path
) -> None:
    streams = "tally: {streams: {application_id: tally, reads: [task-events]}}"
    shared.write_text(shared.read_text().replace("users: {admin: null}", f"users: {{admin: null, {streams}}}"))
    for name in ("tally-counts-changelog", "dev.tally-counts-changelog"):
        done = ottla("access", "--topic", name, "-e", "dev")
        assert f"there is no topic {name} in the spec" in done.stderr
        assert "dev.tally" in done.stdout


def test_users_are_offered_to_a_shell_and_a_bad_spec_disturbs_none(folder: Path) -> None:
    context = SimpleNamespace(params={"file": None, "environment": "local-secure"})
    assert user_names(context, "re") == ["reminder-service", "recurring-service"]  # type: ignore[arg-type]  # only params are read
    (folder / "platform.yaml").write_text("platform: 3\n")
    assert user_names(context, "re") == []  # type: ignore[arg-type]  # only params are read
