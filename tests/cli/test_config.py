"""`watchword config`: a tenant's configuration as a file in a pipeline."""

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Watchword
from tests.cli.test_connectors import CONFIG, ID, TO, save, taken
from watchword.emulators.twilio import AUTH_TOKEN

TOKEN = "not-a-real-token"


@pytest.fixture
def file(watchword: Watchword, tmp_path: Path) -> Path:
    """Return a file with the configuration of a tenant that sends through Twilio."""
    save(ID, {**CONFIG, "authToken": TOKEN})
    path = tmp_path / "configuration.yaml"
    assert watchword("config", "export", "--output", str(path)).code == 0
    return path


def test_an_export_is_yaml_without_secrets_and_always_the_same(
    watchword: Watchword, file: Path
) -> None:
    again = watchword("config", "export")

    assert again.stdout == file.read_text()
    assert "authToken: ${env:SMS_AUTH_TOKEN}\n" in again.stdout
    assert TOKEN not in again.stdout
    assert yaml.safe_load(again.stdout) == watchword("config", "export", "--json").json


def test_a_plan_without_changes_leaves_with_0(watchword: Watchword, file: Path) -> None:
    ended = watchword("config", "plan", str(file))

    assert ended.code == 0
    assert ended.stdout.splitlines() == [
        "= connectors.sms.config.authToken  stays as it is",
        "Nothing to change.",
    ]


def test_a_plan_with_changes_leaves_with_2_and_applying_it_makes_them(
    watchword: Watchword, file: Path
) -> None:
    file.write_text(file.read_text().replace("count: 10\n", "count: 3\n"))

    planned = watchword("config", "plan", str(file))
    stamp = planned.stdout.rsplit(" ", 1)[1].strip()
    applied = watchword("config", "apply", str(file), "--expect", stamp, "--reason", "calmer")
    after = watchword("config", "plan", str(file))

    assert planned.code == 2
    assert planned.stdout.splitlines()[:2] == [
        "~ guard  changed",
        "    perNumber.count: 10 -> 3",
    ]
    assert (applied.code, after.code) == (0, 0)
    assert watchword("config", "export").stdout == file.read_text()


def test_a_plan_for_scripts_is_json(watchword: Watchword, file: Path) -> None:
    file.write_text(file.read_text().replace("count: 10\n", "count: 3\n"))

    ended = watchword("config", "plan", str(file), "--json")

    [change] = ended.json["changes"]
    assert (ended.code, change["path"], change["action"]) == (2, ["guard"], "changed")
    assert change["changes"] == [{"field": "perNumber.count", "before": 10, "after": 3}]
    assert ended.json["keptSecrets"] == [["connectors", "sms", "config", "authToken"]]


def test_a_stale_plan_is_refused(watchword: Watchword, file: Path) -> None:
    file.write_text(file.read_text().replace("count: 10\n", "count: 3\n"))
    stamp = watchword("config", "plan", str(file), "--json").json["stamp"]
    watchword("config", "apply", str(file))
    file.write_text(file.read_text().replace("count: 3\n", "count: 4\n"))

    ended = watchword("config", "apply", str(file), "--expect", str(stamp))

    assert ended.code == 1
    assert ended.stderr.startswith("configuration.changed: ")


def test_a_secret_comes_from_the_environment(
    watchword: Watchword, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMS_AUTH_TOKEN", "another-token")

    planned = watchword("config", "plan", str(file))

    assert planned.code == 2
    assert planned.stdout.splitlines()[:2] == [
        "~ connectors.sms  changed",
        "    config.authToken: another value",
    ]
    assert "another-token" not in planned.stdout + planned.stderr


def test_a_mistake_names_file_line_place_and_code(watchword: Watchword, file: Path) -> None:
    lines = file.read_text().splitlines()
    at = lines.index("    count: 10")
    lines[at] = "    count: many"
    file.write_text("\n".join(lines))

    ended = watchword("config", "apply", str(file))

    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"{file}:{at + 1}: guard.perNumber.count: guard.invalid_input: ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version: 1\nversion: 1\n", "configuration.document_unreadable: line 2"),
        ("version: 1\ngaurd: {}\n", ":2: gaurd: guard.invalid_input"),
        (
            "version: 1\nresources:\n  https://a.example:\n    name: x\n    scopes: {a b: x}\n",
            ":3: resources.https://a.example: scope.name_with_space",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(watchword: Watchword, text: str, words: str) -> None:
    ended = watchword("config", "apply", "-", given=text)

    assert (ended.code, ended.stdout, len(ended.stderr.splitlines())) == (1, "", 1)
    assert words in ended.stderr


def test_deleting_wants_a_word(watchword: Watchword, file: Path) -> None:
    watchword("apps", "create", "--name", "Shop", "--type", "MachineToMachine")

    refused = watchword("config", "apply", str(file))
    planned = watchword("config", "plan", str(file))
    done = watchword("config", "apply", str(file), "--allow-deletions")

    assert refused.stderr.startswith("configuration.deletions_not_allowed: applications.")
    assert planned.stdout.startswith("- applications.")
    assert (refused.code, done.code) == (1, 0)


def test_secrets_travel_sealed(watchword: Watchword, file: Path) -> None:
    key = watchword("config", "sealing-key").stdout.strip()

    sealed = watchword("config", "export", "--seal-to", key).stdout
    planned = watchword("config", "plan", "-", given=sealed)

    assert "authToken: ${sealed:cli." in sealed
    assert TOKEN not in sealed
    assert (planned.code, planned.stdout) == (0, "Nothing to change.\n")


def test_the_schema_is_json(watchword: Watchword) -> None:
    ended = watchword("config", "schema")

    assert json.loads(ended.stdout)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_history_is_listed_compared_and_restored(watchword: Watchword, file: Path) -> None:
    for count in (3, 4):
        document = f"version: 1\nguard: {{perNumber: {{count: {count}, seconds: 600}}}}\n"
        watchword("config", "apply", "-", "--reason", "calmer", given=document)

    listed = watchword("config", "history", "--kind", "guard", "--json")
    compared = watchword("config", "compare", "guard", "1", "2")
    restored = watchword("config", "restore", "guard", "1")
    missing = watchword("config", "restore", "guard", "9")

    assert sorted(version["version"] for version in listed.json) == [1, 2]
    assert {version["reason"] for version in listed.json} == {"calmer"}
    assert compared.stdout == "perNumber.count: 3 -> 4\n"
    assert restored.stdout == "guard default: version 1 is back, as version 3.\n"
    assert "count: 3\n" in watchword("config", "export").stdout
    assert (missing.code, missing.stderr.partition(":")[0]) == (
        1,
        "configuration.version_not_found",
    )


def test_a_restored_connector_has_its_secret_again(watchword: Watchword, file: Path) -> None:
    [made] = watchword("config", "history", "--kind", "connector", "--json").json
    text = file.read_text().replace("${env:SMS_AUTH_TOKEN}", "another-token")
    watchword("config", "apply", "-", given=text)

    watchword("config", "restore", "connector", "1", "--subject", made["subjectId"])

    assert (
        watchword("config", "compare", "connector", "1", "3", "--subject", made["subjectId"]).stdout
        == "Nothing differs.\n"
    )


def test_a_configuration_moves_from_one_tenant_to_another(
    watchword: Watchword, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watchword("tenants", "create", "acme", "--tag", "production")
    chosen = ("config", "promote", "--from", "default", "--to", "acme", "--only", "connectors.sms")

    planned = watchword(*chosen)
    stamp = planned.stdout.rsplit(" ", 1)[1].strip()
    without = watchword(*chosen, "--expect", stamp)
    monkeypatch.setenv("SMS_AUTH_TOKEN", "token-of-acme")
    untested = watchword(*chosen, "--expect", stamp)
    moved = watchword(*chosen, "--expect", stamp, "--untested")
    stale = watchword(*chosen, "--expect", stamp)

    assert planned.code == 2
    assert planned.stdout.startswith("+ connectors.sms  created\n")
    assert (
        "secret connectors.sms.config.authToken  missing  ${env:SMS_AUTH_TOKEN}" in planned.stdout
    )
    assert without.stderr.startswith("configuration.document_refused: connectors.sms.config")
    assert untested.stderr.startswith("configuration.connector_not_tested: sms")
    assert (moved.code, watchword("connectors", "list", "--tenant", "acme").stdout.split()[1]) == (
        0,
        ID,
    )
    assert stale.stderr.startswith("configuration.changed")
    assert TOKEN not in planned.stdout + moved.stdout


def test_a_connector_that_moves_is_tested_on_the_way(
    watchword: Watchword, twilio: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(ID, CONFIG)
    watchword("tenants", "create", "acme", "--tag", "production")
    chosen = ("config", "promote", "--from", "default", "--to", "acme", "--only", "connectors.sms")
    stamp = watchword(*chosen, "--json").json["stamp"]
    moving = (*chosen, "--expect", str(stamp), "--test-to", TO)

    monkeypatch.setenv("SMS_AUTH_TOKEN", "a-wrong-token")
    refused = watchword(*moving)
    monkeypatch.setenv("SMS_AUTH_TOKEN", AUTH_TOKEN)
    moved = watchword(*moving)

    assert (refused.code, moved.code) == (1, 0)
    assert refused.stderr.startswith("the test to +44 77••")
    assert "Authenticate" in refused.stderr
    assert TO not in refused.stderr
    assert len(taken(twilio)) == 1
