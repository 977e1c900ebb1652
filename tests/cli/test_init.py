"""`signalbox init` and `signalbox keys recover`, and the accounts that they make."""

import json
import os

import pytest

from cli import accounts, deployment
from signalbox import aws
from signalbox.channels.webhook import check_secret
from signalbox.model.errors import ConflictError, InvalidError
from tests.cloud import REGION, client
from tests.people import ACCOUNT_ID

API_URL = "https://a1.execute-api.us-east-1.amazonaws.com"


def deploy(name: str, outputs: dict[str, str]) -> None:
    """Make a CloudFormation stack with these outputs."""
    template = {
        "Resources": {"Nothing": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {output: {"Value": value} for output, value in outputs.items()},
    }
    client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))


@pytest.fixture(autouse=True)
def _stack(account, cloud, monkeypatch):
    """Deploy the stack; what it is made of is known from its outputs only."""
    outputs = {output: cloud.variables[name] for name, output in deployment.OUTPUTS.items()}
    deploy("signalbox", outputs | {"ApiUrl": API_URL})
    for name in deployment.OUTPUTS:
        monkeypatch.delenv(name)
    yield
    for stack in client("cloudformation").describe_stacks()["Stacks"]:
        client("cloudformation").delete_stack(StackName=stack["StackName"])
    for name in deployment.OUTPUTS:
        monkeypatch.setenv(name, cloud.variables[name])


@pytest.fixture(name="opened")
def _opened(account, cloud, monkeypatch):
    """A call of the API with a token, by functions that know the stack's resources."""

    def call(token: str, path: str) -> tuple[int, dict]:
        with monkeypatch.context() as functions:
            for name in deployment.OUTPUTS:
                functions.setenv(name, cloud.variables[name])
            return account.call("GET", path, headers={"api-token": token})

    return call


def test_the_first_account_is_opened_by_the_keys_that_are_shown(stand, opened):
    made = stand.read("init", "--name", "Shop", "--mail-from", "Box@Shop.example")
    status, settings = opened(made["api_token"], "/api/account")
    _, listed = opened(made["api_token"], "/api/keys")
    _, signing = opened(made["api_token"], "/api/webhook-secrets")

    assert API_URL == made["api_url"]
    assert 200 == status
    assert (made["actid"], "Shop", "Box@shop.example") == (
        settings["account_id"],
        settings["name"],
        settings["mail_from"],
    )
    assert {
        "event": made["event_key"][-4:],
        "global_admin": made["api_token"][-4:],
    } == {key["role"]: key["hint"] for key in listed["keys"]}
    assert check_secret(made["webhook_secret"]) == signing["secrets"][0]["secret"]


def test_people_are_shown_the_keys_and_what_to_do_next(stand):
    lines = stand.lines("init", "--actid", "123456789", "--region", REGION)
    shown = dict(line.split() for line in lines[:5])

    assert ("123456789", API_URL) == (shown["actid"], shown["api_url"])
    assert shown["event_key"].startswith("123456789")
    assert "The keys are shown this once: keep them now. Then, as a first try:" in lines
    assert f"  curl -H 'Api-Token: {shown['api_token']}' {API_URL}/api/account" in lines


def test_an_account_that_exists_is_left_alone(stand, cloud):
    before = cloud.items("RULES")
    result = stand.run("init", "--actid", ACCOUNT_ID)

    assert (1, "") == (result.exit_code, result.stdout)
    assert (
        f"signalbox: Account {ACCOUNT_ID} exists already; if its keys are lost,"
        f" `signalbox keys recover --actid {ACCOUNT_ID}` makes a new one.\n" == result.stderr
    )
    assert before == cloud.items("RULES")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--actid", "12"], "Actid: must be nine digits, the first of them not 0."),
        (["--actid", "012345678"], "Actid: must be nine digits, the first of them not 0."),
        (["--mail-from", "box"], "Mail_from: is not valid: "),
    ],
)
def test_an_account_that_cannot_be_is_refused(stand, cloud, options, told):
    before = cloud.items("RULES")
    result = stand.run("init", *options)

    assert (1, "") == (result.exit_code, result.stdout)
    assert result.stderr.startswith(f"signalbox: {told}")
    assert before == cloud.items("RULES")


def test_a_lost_key_is_replaced(stand, opened):
    made = stand.read("keys", "recover", "--actid", ACCOUNT_ID, "--name", "Ada again")
    _, listed = opened(made["api_token"], "/api/keys")

    assert {"actid", "api_token", "api_url"} == set(made)
    assert ("global_admin", "Ada again") == (
        listed["keys"][-1]["role"],
        listed["keys"][-1]["name"],
    )


def test_people_are_shown_the_new_key_on_the_first_line(stand, opened):
    token, told = stand.lines("keys", "recover", "--actid", ACCOUNT_ID)

    assert 200 == opened(token, "/api/account")[0]
    assert f"A token of a global admin of account {ACCOUNT_ID}; it is shown this once." == told


def test_nobody_recovers_an_account_that_does_not_exist(stand, cloud):
    before = cloud.items("RULES")
    result = stand.run("keys", "recover", "--actid", "999999999")

    assert (1, "") == (result.exit_code, result.stdout)
    assert "signalbox: There is no account 999999999.\n" == result.stderr
    assert before == cloud.items("RULES")


def test_a_stack_that_does_not_exist_is_told(stand):
    result = stand.run("init", "--stack-name", "other")

    assert (1, "") == (result.exit_code, result.stdout)
    assert "signalbox: AWS refuses: Stack with id other does not exist.\n" == result.stderr


def test_a_stack_of_something_else_is_told(stand):
    deploy("shop", {"ApiUrl": API_URL})
    result = stand.run("init", "--stack-name", "shop")

    assert (1, "") == (result.exit_code, result.stdout)
    assert (
        "signalbox: The stack shop has no output ContactsTable: it is not one of Signalbox.\n"
        == result.stderr
    )


def test_an_account_is_made_by_an_environment_that_is_handed_over(cloud):
    """Another program passes its stack's variables; its own environment stays as it was."""
    before = dict(os.environ)
    made = accounts.create(cloud.variables, name="Demo", actid="100000002")

    assert {"actid", "event_key", "api_token", "webhook_secret"} == set(made)
    assert before == dict(os.environ)
    with pytest.raises(ConflictError, match="100000002 exists"):
        accounts.create(cloud.variables, name="Demo", actid="100000002")


def test_a_random_id_that_is_taken_is_passed_over(stand, cloud, monkeypatch):
    ids = iter([ACCOUNT_ID, ACCOUNT_ID, "200000002"])
    monkeypatch.setattr(accounts, "_random_id", lambda: next(ids))

    assert "200000002" == accounts.create(cloud.variables, name="Demo")["actid"]


def test_a_failed_making_leaves_the_environment_as_it_was(cloud):
    before = dict(os.environ)

    with pytest.raises(InvalidError):
        accounts.create(cloud.variables, name="Demo", actid="1")
    assert before == dict(os.environ)


def test_other_aws_settings_are_used_for_as_long_as_they_are_handed_over(cloud, monkeypatch):
    """The AWS clients of before and after do not speak with the settings of in between."""
    before = aws.client("dynamodb")
    accounts.create({**cloud.variables, "AWS_DEFAULT_REGION": REGION, "AWS_X": "1"}, name="Demo")

    assert before is not aws.client("dynamodb")
