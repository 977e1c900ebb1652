"""The way of one event, from the form to the mail and the webhook."""

from email import message_from_string, policy

from tests.people import MAIL, work


def test_a_field_that_the_contact_lacks_is_empty_and_a_word_between_percent_signs_stays(
    account, cloud
):
    """A known tag without a value becomes nothing; what nobody defined is text."""
    field = {"field": {"title": "Shoe size", "type": "text"}}
    assert 201 == account.call("POST", "/api/3/fields", field)[0]
    account.rule(MAIL | {"html": "", "text": "Size: [%SHOE_SIZE%], 100%WOOL%"})

    account.report()
    work(cloud)

    (mail,) = cloud.mails()
    assert "Size: [], 100%WOOL%" in mail


def test_an_event_is_logged_and_its_rule_writes_a_mail(account, cloud):
    """An accepted event stands on the contact's record and its rule's mail goes out."""
    account.rule(MAIL)

    assert (200, {"success": 1, "message": "Event spawned"}) == account.report()
    work(cloud)

    status, logs = account.call("GET", f"/api/3/contacts/{account.ada.contact_id}/trackingLogs")
    assert 200 == status
    assert [("download", "https://files.example/a.pdf")] == [
        (log["type"], log["value"]) for log in logs["trackingLogs"]
    ]
    (mail,) = cloud.mails()
    written = message_from_string(mail, policy=policy.default)
    assert "Your file, Ada" == written["Subject"]
    assert "ada@signalbox.example" == written["To"]
    html = written.get_body(["html"]).get_content()
    assert "<p>Here: https://files.example/a.pdf</p>" == html.strip()
