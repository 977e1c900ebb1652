"""Who an agent is: what the `User-Agent` of a hit says of the program that sent it.

An agent is a claim (RFC 9110 section 10.1.5): most gateways claim to be an ordinary Chrome. So this
table finds only those that say what they are; `model.hit` finds the others by what they do.

The tables hold pieces of agents in small letters. A piece must never occur in the agent of a reader:
`bot` alone would lose everyone with a phone of the make CUBOT, `facebook` all who click in its app.
"""

from enum import StrEnum
from typing import Final

LONGEST_AGENT = 512
"""Characters of an agent that are kept and looked at."""


class Agent(StrEnum):
    """What kind of program an agent belongs to, as far as it says so.

    `program`: no browser, as far as its form tells; on opens that is a mail program, too. `service`:
    a part of a system that looks into mails unasked. `outdated`: a desktop Chrome that nobody uses
    any more. `forged`: a desktop Chrome as none says that it is.
    """

    EMPTY = "empty"
    APPLE_PRIVACY = "apple_privacy"
    GMAIL_PREFETCH = "gmail_prefetch"
    GOOGLE_PROXY = "google_proxy"
    YAHOO_PROXY = "yahoo_proxy"
    IMAGE_PROXY = "image_proxy"
    PREVIEW = "preview"
    GATEWAY = "gateway"
    HEADLESS = "headless"
    LIBRARY = "library"
    CRAWLER = "crawler"
    SERVICE = "service"
    OUTDATED = "outdated"
    FORGED = "forged"
    BROWSER = "browser"
    PROGRAM = "program"


_WHOLE: Final = {
    "": Agent.EMPTY,
    "-": Agent.EMPTY,
    "mozilla/5.0": Agent.APPLE_PRIVACY,
    "java": Agent.LIBRARY,
    "node": Agent.LIBRARY,
    "ruby": Agent.LIBRARY,
}

# The first that fits decides: image proxies and previews also carry what marks a crawler.
_PIECES: Final = (
    (Agent.GOOGLE_PROXY, ("googleimageproxy", "via ggpht.com")),
    (Agent.GMAIL_PREFETCH, ("edge/12.246 mozilla/5.0",)),
    (Agent.YAHOO_PROXY, ("yahoomailproxy",)),
    (
        Agent.IMAGE_PROXY,
        ("seznamemailproxy", "hey.com/imageproxy", "fastmailua", "outlookimageproxy"),
    ),
    (Agent.SERVICE, ("dataaccessd/", "calendaragent/")),
    (
        Agent.PREVIEW,
        (
            "slackbot",
            "slack-imgproxy",
            "discordbot",
            "telegrambot",
            "twitterbot",
            "facebookexternalhit",
            "facebot",
            "meta-externalfetcher",
            "linkedinbot",
            "skypeuripreview",
            "microsoftpreview",
            "snap url preview",
            "link preview",
            "googlemessages",
            "google-pagerenderer",
            "line-poker",
            "kakaotalk-scrap",
            "vkshare",
            "iframely",
            "embedly",
            "mastodon/",
            "cardyb",
            "redditbot",
            "pinterestbot",
            "synapse (bot",
            "mattermost",
            "bitlybot",
            "zoombot",
            "flipboardproxy",
        ),
    ),
    (
        Agent.GATEWAY,
        (
            "barracuda",
            "mimecast",
            "proofpoint",
            "urldefense",
            "safelinks",
            "symantec",
            "messagelabs",
            "trendmicro",
            "trend micro",
            "ironport",
            "fireeye",
            "trellix",
            "forcepoint",
            "websense",
            "sophos",
            "mcafee",
            "fortimail",
            "fortiguard",
            "bitdefender",
            "avanan",
            "hornetsecurity",
            "vadesecure",
            "cloudmark",
            "cyren",
            "mailscanner",
            "spamtitan",
            "antispam",
            "microsoft exchange/",
            "existence discovery",
            "bingpreview",
            "virustotal",
            "urlscan",
            "netcraft",
            "phishtank",
            "palo alto networks",
            "google-safety",
            "gmail-content-sampling",
            "checklink",
            "linkcheck",
        ),
    ),
    (
        Agent.HEADLESS,
        ("headless", "phantomjs", "puppeteer", "playwright", "selenium", "chrome-lighthouse"),
    ),
    (
        Agent.LIBRARY,
        (
            "python-requests",
            "python-urllib",
            "python-httpx",
            "aiohttp",
            "curl/",
            "wget/",
            "go-http-client",
            "java/",
            "apache-httpclient",
            "jetty/",
            "ahc/",
            "reactornetty",
            "axios/",
            "node-fetch",
            "undici",
            "libwww-perl",
            "lwp::",
            "php/",
            "guzzlehttp",
            "lua-resty-http",
            "powershell/",
            "winhttp",
            "restsharp",
            "postmanruntime",
            "scrapy",
            "httpie",
            "hubspot connect",
        ),
    ),
    (Agent.CRAWLER, ("bot/", "spider", "crawler", "slurp", "+http")),
)

# The app's own browser, for those who click in it, carries the same word further on.
_PREVIEW_OF_WHATSAPP: Final = "whatsapp/"

# What a CDN before the pixel sends for every reader, unless it is told to pass the agent on.
_BROWSERS: Final = ("opera/", "ucweb/", "nokia", "blackberry", "amazon cloudfront")
_OF_BROWSERS: Final = (Agent.BROWSER, Agent.OUTDATED, Agent.FORGED)
_DESKTOPS: Final = ("windows nt", "macintosh", "x11;")
_ENGINES: Final = ("chrome/", "firefox/", "safari/")
_MAIL_PROGRAMS: Final = (
    "outlook",
    "thunderbird",
    "mailbird",
    "mailspring",
    "electron/",
    "seamonkey",
    "mobile",
)

_CHROME: Final = "chrome/"
_NO_CHROME: Final = 10_000
_OLDEST_CHROME: Final = 49
"""The last Chrome for Windows XP and Vista; older ones are found in gateways only."""

_FIRST_REDUCED_CHROME: Final = 118
"""From here on all of them say `.0.0.0` after the first number of their version.

See https://www.chromium.org/updates/ua-reduction/; the trial that sites could take part in to get
the whole of it ended with 117.
"""
_BEFORE_CHROME: Final = "applewebkit/537.36 (khtml, like gecko) "
_AFTER_CHROME: Final = "safari/537.36"
_OF_OFFICE: Final = "ms-office"
_SYSTEMS: Final = ("iphone", "android", "windows", "mac os x", "cros", "linux")


def recognised(agent: str) -> Agent:
    """Return what kind of program an agent belongs to; any text is allowed."""
    text = _small(agent)
    known = _WHOLE.get(text) or _by_pieces(text)
    if known:
        return known
    if not _is_formed_as_a_browser(text):
        return Agent.PROGRAM
    if not any(desktop in text for desktop in _DESKTOPS):
        return Agent.BROWSER
    if _version_of_chrome(text) < _OLDEST_CHROME:
        return Agent.OUTDATED
    return Agent.FORGED if _is_forged(text) else Agent.BROWSER


def is_desktop_browser(agent: str) -> bool:
    """Tell whether an agent is that of a browser at a desk, as gateways like to claim."""
    text = _small(agent)
    return (
        recognised(agent) in _OF_BROWSERS
        and any(desktop in text for desktop in _DESKTOPS)
        and any(engine in text for engine in _ENGINES)
        and not any(program in text for program in _MAIL_PROGRAMS)
    )


def system_of(agent: str) -> str:
    """Return on which operating system an agent says that it runs; empty where it does not.

    An iPad is a Mac, for its browser says so.
    """
    text = _small(agent)
    return next((system for system in _SYSTEMS if system in text), "")


def _small(agent: str) -> str:
    """Return an agent as the tables have it."""
    return agent[:LONGEST_AGENT].strip().lower()


def _by_pieces(text: str) -> Agent | None:
    if text.startswith(_PREVIEW_OF_WHATSAPP):
        return Agent.PREVIEW
    for kind, pieces in _PIECES:
        for piece in pieces:
            if piece in text:
                return kind
    return None


def _is_formed_as_a_browser(text: str) -> bool:
    """Every browser calls itself Mozilla and says in brackets on what it runs, but for a few.

    So does the part of Office that looks where a link leads before a browser is asked to.
    """
    return (
        text.startswith("mozilla/") and "(" in text and _OF_OFFICE not in text
    ) or text.startswith(_BROWSERS)


def _version_of_chrome(text: str) -> int:
    """Return the first number of its version; that of no other is looked at."""
    version = text.partition(_CHROME)[2].partition(".")[0][:4]
    return int(version) if version.isascii() and version.isdigit() else _NO_CHROME


def _is_forged(text: str) -> bool:
    """Tell whether a Chrome tells more of its version than Chrome does.

    What is built with its engine may, and says its own name besides.
    """
    version, _, rest = text.partition(_CHROME)[2].partition(" ")
    return (
        _FIRST_REDUCED_CHROME <= _version_of_chrome(text) < _NO_CHROME
        and not version.endswith(".0.0.0")
        and rest == _AFTER_CHROME
        and text.partition(_CHROME)[0].endswith(_BEFORE_CHROME)
    )
