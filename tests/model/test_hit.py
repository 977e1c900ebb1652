"""Who was behind a hit: a reader, a proxy, a machine or a scanner."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.model.agents import LONGEST_AGENT, system_of
from signalbox.model.hit import (
    HONEYPOT,
    NO_LINK,
    SETTLING_MS,
    Hit,
    HitKind,
    Judgement,
    Reason,
    Verdict,
    judge,
    judge_all,
    judge_alone,
)
from tests.model.hits.corpus import AGENTS, DELIVERED_MS

HOME, OFFICE, GATEWAY = "203.0.113.7", "198.51.100.20", "192.0.2.10"

READERS = ("chrome_windows", "edge_windows", "safari_iphone", "outlook_2016", "thunderbird_linux")


def opened(agent="outlook_2016", after_s=60.0, ip=HOME, **signals):
    return made(agent, after_s, {"kind": HitKind.OPEN, "link": NO_LINK, "ip": ip} | signals)


def clicked(link=0, agent="chrome_windows", after_s=70.0, ip=HOME, **signals):
    return made(agent, after_s, {"kind": HitKind.CLICK, "link": link, "ip": ip} | signals)


def made(agent, after_s, signals):
    """Return a hit, by the name of an agent of the corpus or an agent, and the time since delivery."""
    at_ms = DELIVERED_MS + round(after_s * 1000)
    known = {"method": "GET", "delivered_ms": DELIVERED_MS} | signals
    return Hit(agent=AGENTS.get(agent, agent), at_ms=at_ms, **known)


@pytest.mark.parametrize(
    "agent", ["outlook_2016", "iphone_mail", "thunderbird_linux", "okhttp_mail"]
)
def test_an_open_by_a_mail_program_is_human(agent):
    assert Judgement(Verdict.HUMAN) == judge_alone(opened(agent))


@pytest.mark.parametrize(
    ("agent", "verdict", "reason"),
    [
        ("gmail", Verdict.PROXY, Reason.GOOGLE_PROXY),
        ("yahoo", Verdict.PROXY, Reason.YAHOO_PROXY),
        ("seznam", Verdict.PROXY, Reason.IMAGE_PROXY),
        ("apple_privacy", Verdict.MACHINE, Reason.APPLE_PRIVACY),
        ("gmail_prefetch", Verdict.MACHINE, Reason.GMAIL_PREFETCH),
        ("slackbot", Verdict.MACHINE, Reason.PREVIEW_BOT),
        ("ios_accounts", Verdict.MACHINE, Reason.MAIL_SERVICE),
        ("barracuda", Verdict.SCANNER, Reason.AGENT_KNOWN),
        ("headless_chrome", Verdict.SCANNER, Reason.AGENT_HEADLESS),
        ("curl", Verdict.SCANNER, Reason.AGENT_LIBRARY),
        ("googlebot", Verdict.SCANNER, Reason.AGENT_CRAWLER),
        ("empty", Verdict.SCANNER, Reason.AGENT_EMPTY),
        ("dash", Verdict.SCANNER, Reason.AGENT_EMPTY),
    ],
)
def test_an_open_is_judged_by_its_agent(agent, verdict, reason):
    assert Judgement(verdict, (reason,)) == judge_alone(opened(agent))


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        ("gmail", Reason.AGENT_NO_BROWSER),
        ("apple_privacy", Reason.AGENT_NO_BROWSER),
        ("okhttp", Reason.AGENT_NO_BROWSER),
        ("scmguard", Reason.AGENT_NO_BROWSER),
        ("chrome_ancient", Reason.AGENT_OUTDATED),
    ],
)
def test_a_click_without_a_browser_is_a_scanners(agent, reason):
    assert Judgement(Verdict.SCANNER, (reason,)) == judge_alone(clicked(agent=agent))


@pytest.mark.parametrize(
    "agent",
    [
        "cubot_phone",
        "facebook_app",
        "avast_browser",
        "chrome_xp",
        "opera_mini",
        "Amazon CloudFront",
    ],
)
def test_readers_with_suspicious_words_in_their_agent_are_human(agent):
    assert Judgement(Verdict.HUMAN) == judge_alone(clicked(agent=agent))


def test_a_load_by_googles_proxy_at_the_moment_of_delivery_is_a_prefetch():
    prefetched, read_soon = opened("gmail", after_s=1.9), opened("gmail", after_s=2)

    assert Judgement(Verdict.MACHINE, (Reason.GMAIL_PREFETCH,)) == judge_alone(prefetched)
    assert Judgement(Verdict.PROXY, (Reason.GOOGLE_PROXY,)) == judge_alone(read_soon)


def test_the_gravest_reason_decides_and_all_are_told():
    """A chat's preview asks for the head of the hidden link."""
    hit = clicked(HONEYPOT, "slackbot", method="HEAD")

    assert Judgement(
        Verdict.SCANNER, (Reason.PREVIEW_BOT, Reason.HONEYPOT, Reason.HEAD)
    ) == judge_alone(hit)


@pytest.mark.parametrize("purpose", ["prefetch", "prefetch;prerender", "Preview"])
def test_what_a_browser_fetches_ahead_is_a_machines(purpose):
    assert Judgement(Verdict.MACHINE, (Reason.PREFETCH_HEADER,)) == judge_alone(
        clicked(purpose=purpose)
    )


def test_a_click_within_three_seconds_is_too_soon_for_a_reader():
    assert Verdict.SCANNER is judge_alone(clicked(after_s=2.9)).verdict
    assert Verdict.SCANNER is judge_alone(clicked(after_s=-5)).verdict
    assert Verdict.HUMAN is judge_alone(clicked(after_s=3)).verdict
    assert Verdict.HUMAN is judge_alone(clicked(after_s=1, delivered_ms=0)).verdict


def test_a_mail_program_may_show_a_mail_as_it_comes_in():
    assert Verdict.HUMAN is judge_alone(opened("outlook_2016", after_s=0.2)).verdict
    assert Verdict.SCANNER is judge_alone(opened("chrome_windows", after_s=0.2)).verdict


def test_a_click_at_a_desk_within_six_seconds_needs_an_open():
    hit = clicked(after_s=4)

    assert (Reason.NO_OPEN_BEFORE_CLICK,) == judge(hit, []).reasons
    assert Judgement(Verdict.HUMAN) == judge(hit, [opened(after_s=3.5)])
    assert Judgement(Verdict.HUMAN) == judge(clicked(agent="safari_iphone", after_s=4), [])


def test_a_later_hit_changes_what_is_thought_of_an_earlier():
    """The first of three links in two seconds looks like a reader's until the others come."""
    first, second, third = clicked(0), clicked(1, after_s=71), clicked(2, after_s=72)
    an_open = opened(after_s=50)

    assert Judgement(Verdict.HUMAN) == judge(first, [an_open, second])
    assert Judgement(Verdict.SCANNER, (Reason.MANY_LINKS,)) == judge(
        first, [an_open, second, third]
    )


def test_a_walk_from_link_to_link_is_a_scanners_while_nobody_has_opened_the_mail():
    """Three links in ten seconds, soon after delivery; later it takes five in eight."""
    fresh = [clicked(link, after_s=30 + 5 * link) for link in range(3)]
    slow = [clicked(link, after_s=130 + 5 * link) for link in range(5)]
    brisk = [clicked(link, after_s=130 + 2 * link) for link in range(5)]

    assert {(Reason.LINK_WALK,)} == {one.reasons for one in judge_all(fresh)}
    assert {()} == {one.reasons for one in judge_all(slow)}
    assert {(Reason.LINK_WALK,)} == {one.reasons for one in judge_all(brisk)}
    assert {()} == {one.reasons for one in judge_all([opened(after_s=29), *fresh, *brisk])}


def test_two_links_are_a_walk_in_the_first_minute_of_a_mail_that_nobody_has_opened():
    first, second, third = (clicked(link, after_s=15 + 2 * link) for link in range(3))
    later = [clicked(link, after_s=60 + 2 * link) for link in range(2)]

    assert (Reason.LINK_WALK,) == judge(first, [second]).reasons
    assert () == judge(first, [third]).reasons
    assert () == judge(first, [opened(after_s=14), second]).reasons
    assert () == judge(later[0], later).reasons


@pytest.mark.parametrize("ip", [GATEWAY, ""])
def test_a_second_round_is_a_walk_too_while_the_mail_is_fresh(ip):
    """It takes links that were visited before; a reader beside it goes with neither."""
    rounds = [clicked(link, after_s=at + 3 * link, ip=ip) for at in (20, 60) for link in range(4)]
    late = [hit._replace(at_ms=hit.at_ms + 600_000) for hit in rounds[:4]]
    reader = clicked(1, "edge_windows", 70, OFFICE)

    assert {Verdict.SCANNER} == {one.verdict for one in judge_all(rounds)}
    assert Reason.LINK_WALK in judge(rounds[5], rounds).reasons
    assert Reason.LINK_WALK not in judge(late[0], rounds + late).reasons
    assert Judgement(Verdict.HUMAN) == judge(reader, rounds)


def test_two_links_at_once_are_more_than_a_hand_can_do():
    both, slower = clicked(1, after_s=70.5), clicked(1, after_s=70.6)

    assert (Reason.MANY_LINKS,) == judge(clicked(0), [opened(), both]).reasons
    assert () == judge(clicked(0), [opened(), slower]).reasons
    assert () == judge(clicked(0), [opened(), both._replace(link=0)]).reasons


def test_a_gateway_is_known_again_later_and_a_reader_beside_it_is_not_taken_for_it():
    scan = [clicked(link, after_s=10 + link / 5, ip=GATEWAY) for link in range(5)]

    assert (Reason.SAME_VISITOR,) == judge(clicked(0, after_s=9000, ip=GATEWAY), scan).reasons
    assert Judgement(Verdict.HUMAN) == judge(clicked(0, after_s=9000, ip=HOME), scan)
    assert Judgement(Verdict.HUMAN) == judge(clicked(0, "edge_windows", 14, OFFICE), scan)


def test_whoever_goes_with_a_visitor_of_the_honeypot_is_a_scanner():
    trap = clicked(HONEYPOT, after_s=100, ip=GATEWAY)

    assert (Reason.NEAR_HONEYPOT,) == judge(clicked(1, after_s=92, ip="192.0.2.77"), [trap]).reasons
    assert (Reason.NEAR_HONEYPOT,) == judge(
        opened("firefox_linux", 108, ip=GATEWAY), [trap]
    ).reasons
    assert Judgement(Verdict.HUMAN) == judge(clicked(1, "edge_windows", 101), [trap])


def test_a_second_look_at_a_readers_click_is_a_scanners():
    reader = [opened(after_s=700), clicked(2, "edge_windows", 720)]
    look = clicked(2, "chrome_linux", 732, GATEWAY)

    assert (Reason.SECOND_LOOK,) == judge(look, reader).reasons
    assert Judgement(Verdict.HUMAN) == judge(reader[1], [*reader, look])
    assert Judgement(Verdict.HUMAN) == judge(look._replace(ip=HOME), reader)
    assert Judgement(Verdict.HUMAN) == judge(look, reader[1:])


def test_without_addresses_a_second_look_is_known_by_its_operating_system():
    reader = [opened("outlook_2016", 700, ""), clicked(2, "edge_windows", 720, "")]
    look = clicked(2, "chrome_linux", 732, "")

    assert (Reason.SECOND_LOOK,) == judge(look, reader).reasons
    assert Judgement(Verdict.HUMAN) == judge(reader[1], [*reader, look])
    assert Judgement(Verdict.HUMAN) == judge(clicked(2, "chrome_windows", 732, ""), reader)
    assert Judgement(Verdict.HUMAN) == judge(look, reader[1:])
    assert Judgement(Verdict.HUMAN) == judge(look._replace(ip=GATEWAY), reader)
    assert Judgement(Verdict.HUMAN) == judge(look._replace(agent="Mozilla/5.0 (?)"), reader)


def test_a_chrome_that_tells_its_whole_version_is_forged():
    """Since 118 none does, but what is built with its engine and says its own name, too."""
    chrome = AGENTS["chrome_windows"]
    forged = chrome.replace("142.0.0.0", "142.0.7444.60")

    assert Judgement(Verdict.SCANNER, (Reason.AGENT_FORGED,)) == judge_alone(clicked(agent=forged))
    for agent in (
        chrome,
        chrome.replace("142.0.0.0", "117.0.5938.92"),
        forged + " Vivaldi/7.6",
        forged.replace("Chrome/", "Mailspring/1.13.3 Chrome/"),
        AGENTS["instagram_android"],
    ):
        assert Judgement(Verdict.HUMAN) == judge_alone(clicked(agent=agent))
    assert Judgement(Verdict.HUMAN) == judge_alone(opened(forged))


def test_the_part_of_office_that_looks_where_a_link_leads_is_no_browser():
    assert (Reason.AGENT_NO_BROWSER,) == judge_alone(clicked(agent="office_part")).reasons
    assert Judgement(Verdict.HUMAN) == judge_alone(opened("outlook_short"))


@pytest.mark.parametrize(
    ("agent", "system"),
    [
        ("chrome_windows", "windows"),
        ("outlook_2016", "windows"),
        ("safari_mac", "mac os x"),
        ("ipad_mail", "mac os x"),
        ("safari_iphone", "iphone"),
        ("outlook_ios", "iphone"),
        ("chrome_android", "android"),
        ("chrome_chromeos", "cros"),
        ("firefox_linux", "linux"),
        ("empty", ""),
    ],
)
def test_an_agent_says_on_which_system_it_runs(agent, system):
    assert system == system_of(AGENTS[agent])


def test_a_reader_is_whoever_is_counted_as_human():
    assert {Verdict.HUMAN, Verdict.PROXY} == {one for one in Verdict if one.is_reader}


SECONDS = st.integers(-30, 600).map(lambda tenths: tenths / 10)
IPS = st.sampled_from([HOME, OFFICE, GATEWAY, ""])
HITS = st.one_of(
    st.builds(
        opened,
        st.sampled_from([*READERS, "gmail", "apple_privacy", "curl", "empty"]),
        SECONDS,
        IPS,
        delivered_ms=st.sampled_from([0, DELIVERED_MS]),
    ),
    st.builds(
        clicked,
        st.sampled_from([0, 1, 2, 3, 4, 5, HONEYPOT]),
        st.sampled_from([*READERS, "chrome_linux", "barracuda", "slackbot"]),
        SECONDS,
        IPS,
        method=st.sampled_from(["GET", "GET", "GET", "HEAD"]),
        delivered_ms=st.sampled_from([0, DELIVERED_MS]),
        purpose=st.sampled_from(["", "", "", "prefetch"]),
    ),
)
MESSAGES = st.lists(HITS, min_size=1, max_size=12)


@given(MESSAGES, st.randoms(use_true_random=False))
def test_the_order_of_the_others_does_not_matter(hits, random):
    shuffled = random.sample(hits, len(hits))

    assert judge(hits[0], hits) == judge(hits[0], shuffled)


@given(MESSAGES)
def test_whether_the_hit_is_among_the_others_does_not_matter(hits):
    assert judge(hits[0], hits) == judge(hits[0], hits[1:])


@given(MESSAGES)
def test_judging_all_is_judging_each(hits):
    assert [judge(hit, hits) for hit in hits] == judge_all(hits)


@given(MESSAGES, st.integers(1, 4))
def test_a_hit_that_is_delivered_several_times_is_one(hits, times):
    assert judge_all(hits) == judge_all(hits * times)[: len(hits)]


@given(MESSAGES, MESSAGES)
def test_what_comes_after_the_settling_time_changes_nothing(hits, later):
    """However many hits come, and whatever they are."""
    last_ms = max(hit.at_ms for hit in hits)
    shift_ms = last_ms + SETTLING_MS + 1 - min(hit.at_ms for hit in later)
    late = [hit._replace(at_ms=hit.at_ms + shift_ms) for hit in later]

    assert judge_all(hits) == judge_all(hits + late)[: len(hits)]


@given(
    st.sampled_from(READERS),
    st.lists(st.integers(5_000, 900_000), min_size=5, max_size=20),
    st.integers(0, 5),
)
def test_a_reader_who_comes_back_stays_human(agent, times, link):
    """Five loads and more, and as many clicks on the same link, however close to each other."""
    loads = [opened(agent, at / 1000) for at in times]
    returns = [clicked(link, "chrome_windows", at / 1000 + 2) for at in times]

    assert {Judgement(Verdict.HUMAN)} == set(judge_all(loads + returns))


@given(MESSAGES, st.lists(st.integers(4_000, 90_000), max_size=5))
def test_more_loads_by_a_reader_never_make_a_human_a_machine(hits, times):
    readers = [hit for hit in hits if judge(hit, hits).verdict is Verdict.HUMAN]
    loads = [opened("outlook_2016", at / 1000, "203.0.113.99") for at in times]

    assert {Verdict.HUMAN} >= {judge(hit, hits + loads).verdict for hit in readers}


@given(MESSAGES)
def test_company_only_adds_reasons(hits):
    for hit, judgement in zip(hits, judge_all(hits), strict=True):
        assert set(judge_alone(hit).reasons) <= set(judgement.reasons)


ANYTHING = st.builds(
    Hit,
    st.sampled_from(HitKind),
    st.integers(),
    st.text(max_size=9),
    st.text(max_size=600),
    st.integers(),
    st.text(max_size=40),
    st.integers(),
    st.text(max_size=40),
)


@given(ANYTHING, st.text(max_size=40))
def test_every_text_and_number_can_be_judged(hit, version):
    """Lone surrogates, NUL, other alphabets' digits, times before the epoch."""
    other = hit._replace(agent=f"Mozilla/5.0 (Windows NT 10.0) Chrome/{version}", link=0)

    assert set(Verdict) >= {one.verdict for one in judge_all([hit, other, opened(), clicked()])}


@pytest.mark.parametrize("version", ["²", "", "9" * 600, "٤٢", "-1", "x"])
def test_a_version_that_is_no_number_is_not_outdated(version):
    agent = f"Mozilla/5.0 (Windows NT 10.0) Chrome/{version}"

    assert Reason.AGENT_OUTDATED not in judge_alone(clicked(agent=agent)).reasons


def test_an_agent_is_looked_at_up_to_its_kept_length():
    """So that a judgement computed again from what was kept is the same."""
    agent = AGENTS["chrome_windows"].ljust(LONGEST_AGENT, "x") + " Barracuda"

    assert judge_alone(clicked(agent=agent[:LONGEST_AGENT])) == judge_alone(clicked(agent=agent))
