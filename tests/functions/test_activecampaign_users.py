"""The caller of the ActiveCampaign dialect is its one user."""

from signalbox.model.credential import Role


def test_the_caller_is_a_user(account):
    status, answer = account.call("GET", "/api/3/users/me", role=Role.MARKETER)

    user = answer["user"]
    assert (200, "marketer", "1") == (status, user["username"], user["id"])
    assert {
        "username",
        "firstName",
        "lastName",
        "email",
        "phone",
        "signature",
        "links",
        "id",
    } <= set(user)
    for link in user["links"].values():
        assert 200 == account.call("GET", link.removeprefix("https://api.example"))[0]
    assert [user["id"]] == [one["id"] for one in account.call("GET", "/api/3/users")[1]["users"]]
    assert user["id"] == account.call("GET", "/api/3/users/1")[1]["user"]["id"]
    assert 404 == account.call("GET", "/api/3/users/2")[0]
    assert 404 == account.call("GET", "/api/3/users/1/shoes")[0]
