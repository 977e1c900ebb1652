import pytest

from signalbox.store import hits, keys, mailing_facts, mailings, table
from signalbox.store.hits import MOST, CountedHit
from tests import hits as things
from tests.cloud import forget
from tests.people import ACCOUNT_ID

NOON_MS = 1_795_262_400_000
HIT = CountedHit(
    account_id=ACCOUNT_ID,
    mailing_id=things.MAILING_ID,
    kind="open",
    who="115964116992007",
    at_ms=NOON_MS + 1_800_123,
    link=0,
    event_hash="0123456789ab",
    is_human=True,
    expires_s=NOON_MS // 1000 + 1_800,
)


def standing(cloud, hit: CountedHit = HIT) -> dict:
    """Return what stands in a hit's item, without its key."""
    pk, sk = hit.key
    (found,) = [
        item for item in cloud.items("TRACKING") if (item["pk"]["S"], item["sk"]["S"]) == (pk, sk)
    ]
    plain = table.plain(found)
    return {name: value for name, value in plain.items() if name not in {"pk", "sk"}}


def test_a_hit_is_its_hour_its_link_and_a_hash(cloud):
    """It expires with full hours: the item tells nobody when within its hour it was written."""
    assert hits.Standing(frozenset({HIT.text})) == hits.add(HIT)

    hour = NOON_MS // 3_600_000
    expected = {"human": frozenset({f"{hour}.0.01234567"}), "expires": NOON_MS // 1000}
    assert expected == standing(cloud)


def test_a_hit_stands_with_its_message(cloud):
    """Contacts' and nobody's things are spread in the same way."""
    anonymous = HIT._replace(who="~0123456789abcdef", kind="click")

    contact = keys.mailing(ACCOUNT_ID, things.MAILING_ID, keys.mailing_shard(HIT.who))
    nobody = keys.mailing(ACCOUNT_ID, things.MAILING_ID, keys.mailing_shard("0123456789abcdef"))
    assert (contact, f"open#{HIT.who}") == HIT.key
    assert (nobody, "click#~0123456789abcdef") == anonymous.key


def test_the_same_hit_counts_once(cloud):
    """However often it is added, and what it was judged first it stays."""
    added = [hits.add(one) for one in (HIT, HIT, HIT._replace(is_human=False), HIT)]

    assert [hits.Standing(frozenset({HIT.text}))] * 4 == added
    assert {"human", "expires"} == set(standing(cloud))


def test_hits_are_kept_apart_by_who_was_behind_them(cloud):
    hits.add(HIT)
    hits.add(HIT._replace(event_hash="f" * 12, is_human=False, expires_s=HIT.expires_s + 7_200))

    found = standing(cloud)
    assert [1, 1] == [len(found["human"]), len(found["machine"])]
    assert NOON_MS // 1000 == found["expires"]


@pytest.mark.parametrize(("kind", "units"), [("open", 1), ("click", 2)])
def test_an_item_stays_within_its_write_units(cloud, kind, units):
    """A reader who comes back for ever is counted so often, and the item grows no more."""
    most = MOST[kind]
    distinct = [
        HIT._replace(kind=kind, event_hash=f"{number:08x}", link=65_535, is_human=number % 2 == 0)
        for number in range(2 * most + 10)
    ]
    counted = [one.text in hits.add(one).texts for one in distinct]

    found = standing(cloud, distinct[0])
    assert (most, most) == (len(found["human"]), len(found["machine"]))
    assert [True] * 2 * most + [False] * 10 == counted
    assert all(one.text in hits.add(one).texts for one in distinct[: 2 * most])
    names = sum(map(len, ("pk", "sk", "human", "machine", "expires", *distinct[0].key))) + 8
    texts = sum(len(text) + 1 for judged in ("human", "machine") for text in found[judged])
    assert names + texts <= 1024 * units


def test_clicks_on_all_links_of_a_newsletter_take_one_write_unit(cloud):
    """One reader, or one gateway, on 44 links."""
    for number in range(MOST["click"]):
        hits.add(HIT._replace(kind="click", event_hash=f"{number:08x}", link=number))

    found = standing(cloud, HIT._replace(kind="click"))
    assert (
        sum(map(len, ("pk", "sk", "human", "expires", *HIT.key)))
        + 8
        + sum(len(text) + 1 for text in found["human"])
        <= 1024
    )


OTHER = HIT._replace(event_hash="f" * 12)


def test_hits_are_judged_again(cloud):
    """Some, all or none of them; what is not counted is not added by that."""
    seen = [hits.add(one) for one in (HIT, OTHER)][-1]
    some = seen.judged({HIT.text: False, "498684.7.00000000": True})
    hits.judge_again(HIT.key, seen, some)

    assert ({OTHER.text}, {HIT.text}) == some
    assert some == hits.standing_of(standing(cloud))
    hits.judge_again(HIT.key, some, some.judged({OTHER.text: False}))
    assert {"machine": frozenset({HIT.text, OTHER.text}), "expires": NOON_MS // 1000} == standing(
        cloud
    )


def test_what_somebody_else_wrote_is_not_judged_over(cloud):
    """Whoever judged without it learns what stands there; a repeat of what was done is nothing."""
    seen = hits.add(HIT)
    now = hits.add(OTHER)
    with pytest.raises(hits.MovedError) as raised:
        hits.judge_again(HIT.key, seen, seen.judged({HIT.text: False}))

    assert (HIT.key, now) == (raised.value.place, raised.value.standing)
    assert now == hits.standing_of(standing(cloud))
    better = now.judged({HIT.text: False})
    for _ in range(2):
        hits.judge_again(HIT.key, now, better)
    assert better == hits.standing_of(standing(cloud))


@pytest.fixture(name="found")
def _found(cloud):
    """Read a mailing's item, as a batch does."""

    def read(mailing_id: str = things.MAILING_ID) -> dict:
        where = mailings.key(ACCOUNT_ID, mailing_id)
        return {where: item} if (item := table.get(cloud.variables["RULES_TABLE"], where)) else {}

    return read


def test_a_mailing_is_read_once(found):
    things.mailing_with("permission")
    expected = (things.CAMPAIGN_ID, "email_campaign", things.MAILER_ID, "permission")
    wanted = mailing_facts.unknown(ACCOUNT_ID, things.MAILING_ID)

    assert [mailings.key(ACCOUNT_ID, things.MAILING_ID)] == wanted
    assert expected == mailing_facts.known(ACCOUNT_ID, things.MAILING_ID, found())
    assert [] == mailing_facts.unknown(ACCOUNT_ID, things.MAILING_ID)
    assert expected == mailing_facts.known(ACCOUNT_ID, things.MAILING_ID, {})


@pytest.mark.parametrize("mode", ["", None])
def test_what_has_not_started_is_not_remembered(found, mode):
    """A mailing's facts are settled when it starts; one that is none may come yet."""
    if mode is not None:
        things.mailing_with(mode)

    assert None is mailing_facts.known(ACCOUNT_ID, things.MAILING_ID, found())
    assert 1 == len(mailing_facts.unknown(ACCOUNT_ID, things.MAILING_ID))


def test_mail_of_no_mailing_needs_no_reading():
    assert [] == mailing_facts.unknown(ACCOUNT_ID, "0")
    assert "personal" == mailing_facts.known(ACCOUNT_ID, "0", {}).mode


def test_memory_is_limited(cloud, found, monkeypatch):
    """The oldest go."""
    monkeypatch.setattr(mailing_facts, "REMEMBERED", 2)
    for number in range(3):
        things.mailing_with("personal", str(number + 1))
        mailing_facts.known(ACCOUNT_ID, str(number + 1), found(str(number + 1)))

    assert [1, 0, 0] == [len(mailing_facts.unknown(ACCOUNT_ID, str(n + 1))) for n in range(3)]
    forget()
    assert [1, 1, 1] == [len(mailing_facts.unknown(ACCOUNT_ID, str(n + 1))) for n in range(3)]
