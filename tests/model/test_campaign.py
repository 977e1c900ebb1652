"""Campaigns: which files can go along, and what a campaign by e-mail needs."""

import pytest

from signalbox.model.campaign import (
    LARGEST_ATTACHMENTS,
    Attachment,
    Campaign,
    check_attachment,
    check_attachments,
    check_email,
)
from signalbox.model.container import ContainerKind
from signalbox.model.errors import InvalidError

PDF = "application/pdf"


def campaign(**facts):
    """Return an e-mail campaign."""
    return Campaign("1", "7", ContainerKind.EMAIL_CAMPAIGN, **facts)


def file(name="a.pdf", size=1):
    """Return a file."""
    return Attachment(name, PDF, size, "0" * 64)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.pdf", PDF),
        ("Preisliste März.xlsx", "application/vnd.ms-excel"),
        ("README", "text/plain"),
    ],
)
def test_a_file_can_go_along(name, media_type):
    check_attachment(name, media_type, "attachments.0")


@pytest.mark.parametrize(
    ("name", "media_type", "field"),
    [
        (" ", PDF, "name"),
        ("../a.pdf", PDF, "name"),
        ("a\r\nX: y.pdf", PDF, "name"),
        (".htaccess", "text/plain", "name"),
        ('a".pdf', PDF, "name"),
        ("setup.EXE", "application/x-msdownload", "name"),
        ("a.pdf", "application", "media_type"),
        ("a.pdf", "application/pdf; name=a", "media_type"),
        ("a.eml", "message/rfc822", "media_type"),
        ("a.bin", "multipart/mixed", "media_type"),
    ],
)
def test_a_file_that_cannot_go_along_is_refused(name, media_type, field):
    with pytest.raises(InvalidError) as caught:
        check_attachment(name, media_type, "attachments.0")

    assert f"attachments.0.{field}" == caught.value.field


def test_files_are_limited_together():
    check_attachments((file("a", LARGEST_ATTACHMENTS - 1), file("b")))

    for files in ((file("a", LARGEST_ATTACHMENTS), file("b")), (file("a.pdf"), file("A.PDF"))):
        with pytest.raises(InvalidError):
            check_attachments(files)


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"text": "a"}, "subject"),
        ({"subject": " ", "text": "a"}, "subject"),
        ({"subject": "a"}, "html"),
        ({"subject": "a", "html": " \n", "text": " "}, "html"),
    ],
)
def test_a_mail_needs_a_subject_and_a_body(facts, field):
    with pytest.raises(InvalidError) as caught:
        check_email(campaign(**facts))

    assert field == caught.value.field


def test_html_or_text_will_do():
    for facts in ({"html": "<p>"}, {"text": "a"}):
        check_email(campaign(subject="a", **facts))


@pytest.mark.parametrize(
    ("active", "unprotected", "protected"),
    [(0, False, False), (1, False, True), (1, True, False), (0, True, False)],
)
def test_a_campaign_is_protected_while_a_mailing_is_under_way(active, unprotected, protected):
    assert protected == campaign(active=active, unprotected=unprotected).protected
