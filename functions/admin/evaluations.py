"""Evaluations: what came of a mailing, of a campaign's mailings, of an account's in a time."""

from collections.abc import Callable, Iterator
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Path

from signalbox.model import evaluation as model
from signalbox.model.container import ContainerKind
from signalbox.model.errors import NotFoundError
from signalbox.model.evaluation import Evaluation
from signalbox.model.linked_text import linked
from signalbox.model.mail_content import Link, compiled
from signalbox.model.mail_text import html_of
from signalbox.model.mailing import Mailing
from signalbox.model.mailing_count import TOTALS, added
from signalbox.model.permission import Permission
from signalbox.model.retention import DAY_MS
from signalbox.store import campaigns, containers, mailing_counts, mailing_pages, mailings

from .evaluation_shapes import (
    Hours,
    HourShown,
    Links,
    LinkShown,
    MailingEvaluated,
    MailingsEvaluated,
    Moment,
    as_csv,
    csv_file,
    days_between,
    hours_shown,
    shown,
)
from .requests import answers, caller, now_ms

router = Router()
PAGE = 100
USUAL_DAYS = 30  # of an account's evaluation
FIRST_DAYS = 7  # of a mailing's hours: what comes later is little
MailingId = Annotated[str, Path(pattern="^[0-9]{16}$")]
CampaignId = Annotated[str, Path(pattern="^[1-9][0-9]{0,15}$")]
Next = Callable[[str], tuple[list[Mailing], str]]


@router.get("/mailings/<mailing_id>/evaluation", responses=answers("The evaluation", 404))
def of_mailing(mailing_id: MailingId) -> MailingEvaluated:
    """Evaluate a mailing, as far as it was counted: what happened counts seconds later."""
    key = caller(router, Permission.READ_SETUP)
    mailing = mailings.fetch(key.account_id, mailing_id)
    return MailingEvaluated(
        mailing_id=mailing_id,
        campaign_id=mailing.campaign_id,
        name=mailing.name,
        state=mailing.state,
        mode=mailing.mode,
        started_ms=mailing.started_ms,
        finished_ms=mailing.finished_ms,
        evaluation=shown(_evaluated([mailing])),
    )


@router.get("/mailings/<mailing_id>/links", responses=answers("The links", 404))
def links(mailing_id: MailingId) -> Links:
    """Tell who followed the links of a mailing's content, as numbers."""
    key = caller(router, Permission.READ_SETUP)
    return _links(mailings.fetch(key.account_id, mailing_id))


@router.get("/mailings/<mailing_id>/hours", responses=answers("The hours", 404))
def hours(mailing_id: MailingId, since_ms: Moment = 0, until_ms: Moment = 0) -> Hours:
    """Tell what happened by the hour: in the week after the start, or in 31 days at most."""
    key = caller(router, Permission.READ_SETUP)
    mailing = mailings.fetch(key.account_id, mailing_id)
    return _hours([mailing], since_ms or mailing.started_ms, until_ms)


@router.get("/mailings/<mailing_id>/links.csv", responses=as_csv("The links"))
def links_file(mailing_id: MailingId) -> Response[str]:
    """Return the links of a mailing as a CSV file."""
    key = caller(router, Permission.READ_SETUP)
    found = _links(mailings.fetch(key.account_id, mailing_id)).links
    return csv_file(LinkShown, found)


@router.get("/mailings/<mailing_id>/hours.csv", responses=as_csv("The hours"))
def hours_file(mailing_id: MailingId, since_ms: Moment = 0, until_ms: Moment = 0) -> Response[str]:
    """Return the hours of a mailing as a CSV file, their beginnings in UTC."""
    return csv_file(HourShown, hours(mailing_id, since_ms, until_ms).hours)


@router.get("/email-campaigns/<campaign_id>/evaluation", responses=answers("The evaluation", 404))
def of_campaign(campaign_id: CampaignId) -> MailingsEvaluated:
    """Evaluate all mailings of an e-mail campaign together."""
    return _campaign_evaluated(ContainerKind.EMAIL_CAMPAIGN, campaign_id)


@router.get("/email-campaigns/<campaign_id>/hours", responses=answers("The hours", 404))
def hours_of_campaign(campaign_id: CampaignId, since_ms: Moment = 0, until_ms: Moment = 0) -> Hours:
    """Tell what happened by the hour in all mailings of an e-mail campaign."""
    return _hours_of_campaign(ContainerKind.EMAIL_CAMPAIGN, campaign_id, since_ms, until_ms)


@router.get("/sms-campaigns/<sms_campaign_id>/evaluation", responses=answers("The evaluation", 404))
def of_sms_campaign(sms_campaign_id: CampaignId) -> MailingsEvaluated:
    """Evaluate all mailings of an SMS campaign together."""
    return _campaign_evaluated(ContainerKind.SMS_CAMPAIGN, sms_campaign_id)


@router.get("/sms-campaigns/<sms_campaign_id>/hours", responses=answers("The hours", 404))
def hours_of_sms_campaign(
    sms_campaign_id: CampaignId, since_ms: Moment = 0, until_ms: Moment = 0
) -> Hours:
    """Tell what happened by the hour in all mailings of an SMS campaign."""
    return _hours_of_campaign(ContainerKind.SMS_CAMPAIGN, sms_campaign_id, since_ms, until_ms)


@router.get("/evaluation", responses=answers("The evaluation"))
def of_account(since_ms: Moment = 0, until_ms: Moment = 0) -> MailingsEvaluated:
    """Evaluate the mailings that started in a time together: in the last 30 days, if none is said."""
    key = caller(router, Permission.READ_SETUP)
    found = _started(key.account_id, since_ms, until_ms or now_ms())
    return MailingsEvaluated(mailings=len(found), evaluation=shown(_evaluated(found)))


@router.get("/evaluation/hours", responses=answers("The hours"))
def hours_of_account(since_ms: Moment = 0, until_ms: Moment = 0) -> Hours:
    """Tell by the hour what happened in a time in the mailings that started in it."""
    key = caller(router, Permission.READ_SETUP)
    until = until_ms or now_ms()
    since = since_ms or until - USUAL_DAYS * DAY_MS
    days_between(since, until)
    return _hours(_started(key.account_id, since, until), since, until)


def _campaign_evaluated(kind: ContainerKind, campaign_id: str) -> MailingsEvaluated:
    found = _of_campaign(kind, campaign_id)
    return MailingsEvaluated(mailings=len(found), evaluation=shown(_evaluated(found)))


def _hours_of_campaign(
    kind: ContainerKind, campaign_id: str, since_ms: int, until_ms: int
) -> Hours:
    found = _of_campaign(kind, campaign_id)
    last = max((one.started_ms for one in found), default=0)
    return _hours(found, since_ms or last, until_ms)


def _of_campaign(kind: ContainerKind, campaign_id: str) -> list[Mailing]:
    """Return the mailings of a campaign that have started; raise `NotFoundError` for no campaign."""
    account_id = caller(router, Permission.READ_SETUP).account_id
    containers.fetch(account_id, kind, campaign_id)

    def page(after: str) -> tuple[list[Mailing], str]:
        return mailings.of_campaign(account_id, campaign_id, limit=PAGE, after=after)

    return [one for one in _every(page) if one.run]


def _started(account_id: str, since_ms: int, until_ms: int) -> list[Mailing]:
    """Return the account's mailings that started in a time, both ends included."""

    def page(after: str) -> tuple[list[Mailing], str]:
        return mailings.of_account(account_id, limit=PAGE, after=after)

    since = since_ms or until_ms - USUAL_DAYS * DAY_MS
    return [one for one in _every(page) if one.run and since <= one.started_ms <= until_ms]


def _every(page: Next) -> Iterator[Mailing]:
    after = ""
    while True:
        found, after = page(after)
        yield from found
        if not after:
            return


def _evaluated(found: list[Mailing]) -> Evaluation:
    """Evaluate mailings of one account together."""
    if not found:
        return model.evaluation({})
    each = mailing_counts.totals_of_each(found[0].account_id, [one.mailing_id for one in found])
    audience = sum(map(model.audience_of, each, map(_listed, found)))
    return model.evaluation(added({TOTALS: one} for one in each).get(TOTALS, {}), audience)


def _listed(mailing: Mailing) -> int:
    """Return how many contacts of a mailing's audience were listed so far."""
    if mailing.audience_size >= 0:
        return mailing.audience_size
    return mailing_pages.listed(mailing.account_id, mailing.mailing_id, mailing.run)


def _hours(found: list[Mailing], since_ms: int, until_ms: int) -> Hours:
    if not found or not since_ms:  # nothing has started
        return Hours(hours=[])
    until = until_ms or min(since_ms + FIRST_DAYS * DAY_MS, now_ms())
    days = days_between(since_ms, until)
    ids = [one.mailing_id for one in found]
    return hours_shown(mailing_counts.series(found[0].account_id, ids, days), since_ms, until)


def _links(mailing: Mailing) -> Links:
    """Return the links of a mailing, those that nobody followed among them."""
    known = {one.number: one for one in _content_links(mailing)}
    counted = mailing_counts.links(mailing.account_id, mailing.mailing_id)
    found = model.links({number: {} for number in known} | counted)
    return Links(
        links=[
            LinkShown(
                number=one.link,
                target=known[one.link].target if one.link in known else "",
                label=known[one.link].label if one.link in known else "",
                human=one.human,
                machine=one.machine,
                human_times=one.human_times,
                machine_times=one.machine_times,
            )
            for one in found
        ]
    )


def _content_links(mailing: Mailing) -> tuple[Link, ...]:
    """Return the links of the content that a mailing sent; none of texts that are not tracked."""
    texts = mailing.container is ContainerKind.SMS_CAMPAIGN
    if not mailing.campaign_version or (texts and not mailing.targets):
        return ()
    where = (mailing.account_id, mailing.campaign_id, mailing.campaign_version)
    try:
        sent = campaigns.fetch_version(*where)
    except NotFoundError:
        return ()
    if texts:
        return linked(sent.text).links
    return compiled(sent.html or html_of(sent.text), sent.text, sent.subject).links
