"""Days of relayed mail: what stands in its tokens in place of a mailing.

All mail that an account relays on a day (UTC) is counted together, as that of a mailing is. Mailings
have ids of 16 digits, a day has 8: `20261121`.
"""

from datetime import UTC, date, datetime
from typing import Final

_DIGITS: Final = 8


def relay_day(now_ms: int) -> str:
    """Return the day at a time."""
    return day_id(datetime.fromtimestamp(now_ms // 1000, UTC).date())


def day_id(day: date) -> str:
    """Return what stands for a day."""
    return f"{day:%Y%m%d}"


def is_day(text: str) -> bool:
    """Tell whether eight digits are a day."""
    try:
        return day_id(date.fromisoformat(text)) == text
    except ValueError:
        return False


def is_relay_day(mailing_id: str) -> bool:
    """Tell whether this stands for relayed mail and for no mailing."""
    return len(mailing_id) == _DIGITS
