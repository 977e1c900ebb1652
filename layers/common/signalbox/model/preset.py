"""Presets: templates of rules, those that every account has and its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signalbox.model.trigger import Level


@dataclass(frozen=True, slots=True)
class Preset:
    """What a rule does and when, kept to make rules of it.

    `content` is a rule's trigger, settings, conditions, limit and actions as they are sent; `level`
    is the one that it is meant for. A built-in preset has no author.
    """

    preset_id: str
    name: str
    description: str
    content: Mapping[str, Any]
    level: Level = Level.PROJECT
    author: str = ""
    created_ms: int = 0

    @property
    def built_in(self) -> bool:
        """Tell whether every account has it."""
        return not self.created_ms


def _mail(subject: str, *lines: str) -> dict[str, Any]:
    return {"kind": "send_email", "subject": subject, "text": "\n\n".join(lines)}


_PARTNER = "https://partner.example.com/"
_WHO = (
    "address={event.properties.address}&kind={event.properties.contact_kind}"
    "&list={list_id}&mailer={mailer_id}&at={timestamp}"
)

BUILT_IN = (
    Preset(
        preset_id="tell-partner-of-opt-out",
        name="Tell a partner of an opt-out",
        description="Calls your partner's URL for every address that comes on an opt-out list.",
        level=Level.EMAIL_OPT_OUT_LIST,
        content={
            "trigger": "contact_added",
            "actions": [{"kind": "ping_url", "url": f"{_PARTNER}opt-out?{_WHO}"}],
        },
    ),
    Preset(
        preset_id="tell-partner-of-opt-in",
        name="Tell a partner that an opt-out ended",
        description="Calls your partner's URL for every address that is taken off an opt-out list.",
        level=Level.EMAIL_OPT_OUT_LIST,
        content={
            "trigger": "contact_deleted",
            "actions": [{"kind": "ping_url", "url": f"{_PARTNER}opt-in?{_WHO}"}],
        },
    ),
    Preset(
        preset_id="welcome-mail",
        name="Welcome mail",
        description="Writes once to everybody who joins a list.",
        content={
            "trigger": "subscribe",
            "once": {"period_s": 0},
            "actions": [_mail("Welcome, %FIRSTNAME%", "Hello %FIRSTNAME%,", "good to have you.")],
        },
    ),
    Preset(
        preset_id="thank-for-download",
        name="Thank for a download",
        description="Sends the address of the file that was asked for, and a text a week later.",
        content={
            "trigger": "event_recorded",
            "trigger_settings": {"event_name": "file download request"},
            "actions": [
                _mail("Your file", "Here is your file:", "%EVENT: file download request%"),
                _mail("How do you like it?", "Hello %FIRSTNAME%,", "tell us by a reply.")
                | {"wait": {"seconds": 604_800, "until": "09:00", "zone": "contact"}},
            ],
        },
    ),
    Preset(
        preset_id="tag-hard-bounces",
        name="Tag who cannot be reached",
        description="Puts the tag `unreachable` on contacts whose mails bounce for good.",
        content={
            "trigger": "hard_bounce",
            "actions": [{"kind": "add_tag", "tag": "unreachable"}],
        },
    ),
    Preset(
        preset_id="notify-of-complaints",
        name="Hear of complaints",
        description="Writes to your own people, at most once a day for a contact that complains.",
        content={
            "trigger": "complaint",
            "once": {"period_s": 86_400},
            "actions": [
                {
                    "kind": "notify",
                    "to": "team@example.com",
                    "subject": "A complaint by %EMAIL%",
                    "text": "%FULLNAME% (%EMAIL%) complained about a mail of yours.",
                }
            ],
        },
    ),
    Preset(
        preset_id="opt-outs-to-eventbridge",
        name="Hand opt-outs to other services",
        description="Puts every opt-out on the account's default bus of EventBridge.",
        content={
            "trigger": "opt_out",
            "actions": [{"kind": "put_event", "detail_type": "opt-out"}],
        },
    ),
)
