"""`signalbox keys`, but for `recover`, which test_init.py has."""

from signalbox.model.credential import Role


def test_the_list_shows_every_key_without_the_key(stand, account):
    heading, *rows = stand.lines("keys", "list")

    assert ["KEY ID", "ROLE", "ENDS IN", "CREATED", "NAME"] == [
        part.strip() for part in heading.split("  ") if part
    ]
    assert set(Role) == {row.split()[1] for row in rows}
    assert not any(token in row for token in account.tokens.values() for row in rows)


def test_programs_get_the_list_as_the_api_tells_it(stand, account):
    assert account.call("GET", "/api/keys")[1] == stand.read("keys", "list")


def test_a_made_key_opens_the_account(stand, account):
    """The key is the first line, so that `| head -1` takes it."""
    key, told = stand.lines("keys", "create", "marketer", "--name", "Mia")
    listed = stand.read("keys", "list")["keys"]

    assert ("marketer", "Mia") == (listed[-1]["role"], listed[-1]["name"])
    assert f"Key {listed[-1]['key_id']} (marketer); it is shown this once." == told
    assert 200 == account.call("GET", "/api/account", headers={"api-token": key})[0]


def test_an_event_key_can_be_made(stand):
    made = stand.read("keys", "create", "event", "--name", "shop")

    assert (40, "event") == (len(made["key"]), made["role"])


def test_a_key_that_may_relay_only_can_be_made(stand):
    made = stand.read("keys", "create", "relay", "--name", "shop")

    own = stand.read("status", SIGNALBOX_TOKEN=made["key"])

    assert ("relay", "relay") == (made["role"], own["key"]["role"])


def test_a_role_that_does_not_exist_is_a_fault_of_usage(stand):
    result = stand.run("keys", "create", "king", "--name", "Mia")

    assert 2 == result.exit_code
    assert "'king' is not one of 'global_admin', 'admin', " in result.stderr
    assert [] == stand.server.requests


def test_a_revoked_key_is_gone(stand):
    made = stand.read("keys", "create", "viewer", "--name", "Vera")

    assert [f"Key {made['key_id']} is revoked."] == stand.lines("keys", "revoke", made["key_id"])
    assert made["key_id"] not in {key["key_id"] for key in stand.read("keys", "list")["keys"]}


def test_programs_are_told_which_key_was_revoked(stand):
    made = stand.read("keys", "create", "viewer", "--name", "Vera")

    assert {"revoked": made["key_id"]} == stand.read("keys", "revoke", made["key_id"])


def test_an_unknown_key_cannot_be_revoked(stand):
    """A key id is one part of a path, whatever it holds."""
    result = stand.run("keys", "revoke", "no/../such")

    assert (1, "") == (result.exit_code, result.stdout)
    assert "/api/keys/no%2F..%2Fsuch" == stand.server.requests[-1][1]


def test_a_role_that_may_not_list_keys_is_refused(stand):
    result = stand.run("keys", "list", role=Role.VIEWER)

    assert 1 == result.exit_code
    assert (
        "signalbox: The role viewer does not have the permission manage_account.\n" == result.stderr
    )
