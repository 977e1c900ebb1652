"""Mail goes to the owner of the domain that was written, and comes from there."""

import email
from email.policy import default

import pytest

from signalbox.channels.mime import Mail, MailRejectedError, build, recipient_of

DOMAINS = {
    "straße.de": "xn--strae-oqa.de",
    "xn--strae-oqa.de": "xn--strae-oqa.de",
    "ελλάς.gr": "xn--hxarsa0b.gr",
    "bücher.example": "xn--bcher-kva.example",
}


def mail_at(domain: str) -> Mail:
    """Return a mail whose addresses are all at a domain."""
    return Mail(
        message_id="1",
        sender=f"box@{domain}",
        sender_name="Box",
        recipient=f"ada@{domain}",
        reply_to=f"back@{domain}",
        subject="Hello",
        text="Hello!",
    )


@pytest.mark.parametrize(("domain", "known"), DOMAINS.items())
def test_addresses_are_at_the_domain_that_is_meant(domain, known):
    mail = mail_at(domain)
    head = email.message_from_bytes(build(mail), policy=default)

    assert f"ada@{known}" == recipient_of(mail)
    assert f"ada@{known}" == head["To"]
    assert f"Box <box@{known}>" == head["From"]
    assert f"back@{known}" == head["Reply-To"]


@pytest.mark.parametrize(
    "domain", ["ü..example", "ü\uff0ceve.example", "ü" * 64, "x" * 64, "x." * 200]
)
def test_a_domain_that_nobody_has_is_refused(domain):
    with pytest.raises(MailRejectedError, match="recipient"):
        recipient_of(mail_at(domain))
