"""A sender that does not know whom it must leave out writes to nobody."""

from datetime import UTC, datetime

import pytest
import time_machine

from signalbox.model.container import Container, ContainerKind
from signalbox.store import container_memberships, containers
from tests import mailings as town
from tests.mailings import ACCOUNT_ID, Workers, contact_id, email

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
KIND = ContainerKind.EMAIL_OPT_OUT_LIST
LIST, OPT_OUTS, GROUP = "5", "71", "72"


@pytest.fixture(name="workers")
def _workers(account, cloud):
    with time_machine.travel(NOON, tick=True) as clock:
        yield Workers(cloud, clock)


@pytest.mark.parametrize("named", [OPT_OUTS, GROUP])
def test_a_mailing_pauses_whose_opt_out_list_is_gone(workers, cloud, named):
    """Who was on it is not written to, nor is anybody else; whoever resumes it is told why."""
    containers.create(Container(ACCOUNT_ID, KIND, OPT_OUTS, "No"))
    containers.create(Container(ACCOUNT_ID, KIND, GROUP, "All", grouped=True, members=(OPT_OUTS,)))
    listed = containers.fetch(ACCOUNT_ID, KIND, OPT_OUTS)
    town.write_contacts(cloud, 30, list_ids=[LIST])
    container_memberships.add(listed, f"email:{email(0)}", contact_id=contact_id(0), now_ms=NOON_MS)
    town.campaign([LIST], audience={"opt_out_lists": (named,)})
    town.started(NOON_MS)
    for one in (GROUP, OPT_OUTS):
        containers.delete(containers.fetch(ACCOUNT_ID, KIND, one), NOON_MS)

    workers.drain()

    standing = town.standing()
    assert {} == town.recipients() == town.states()
    assert "paused" == standing.state
    assert f"there is no email opt-out list {named} any more" in standing.pause_reason
