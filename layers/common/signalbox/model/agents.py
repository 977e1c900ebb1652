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
    any more.
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
_OF_BROWSERS: Final = (Agent.BROWSER, Agent.OUTDATED)
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
_OLDEST_CHROME: Final = 49
"""The last Chrome for Windows XP and Vista; older ones are found in gateways only."""


def recognised(agent: str) -> Agent:
    """Return what kind of program an agent belongs to; any text is allowed."""
    text = _small(agent)
    known = _WHOLE.get(text) or _by_pieces(text)
    if known:
        return known
    if not _is_formed_as_a_browser(text):
        return Agent.PROGRAM
    return Agent.OUTDATED if _is_outdated(text) else Agent.BROWSER


def is_desktop_browser(agent: str) -> bool:
    """Tell whether an agent is that of a browser at a desk, as gateways like to claim."""
    text = _small(agent)
    return (
        recognised(agent) in _OF_BROWSERS
        and any(desktop in text for desktop in _DESKTOPS)
        and any(engine in text for engine in _ENGINES)
        and not any(program in text for program in _MAIL_PROGRAMS)
    )


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
    """Every browser calls itself Mozilla and says in brackets on what it runs, but for a few."""
    return (text.startswith("mozilla/") and "(" in text) or text.startswith(_BROWSERS)


def _is_outdated(text: str) -> bool:
    _, found, rest = text.partition(_CHROME)
    version = rest.partition(".")[0][:4]
    return (
        bool(found)
        and version.isascii()
        and version.isdigit()
        and int(version) < _OLDEST_CHROME
        and any(desktop in text for desktop in _DESKTOPS)
    )
