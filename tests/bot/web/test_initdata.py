"""Telegram vouches for whoever opens the Mini App: signed, fresh, for this bot, once."""

import hashlib
import hmac
import json
import random
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from bot.entrance import visit
from bot.web.initdata import FRESH, visit_of
from tests.bot.web.desk import a_person
from tests.bot.web.visitor import a_visitor
from trading.domain.people import Place, Session

TOKEN = "123456:the-token-of-this-test"
MINA = {"id": 42, "first_name": "Mina", "language_code": "ko"}


def signed(clock, token=TOKEN, user=MINA, **fields):
    """What Telegram puts into the address of a Mini App."""
    told = {
        "auth_date": str(int(clock().timestamp())),
        "query_id": "AAE",
        "user": json.dumps(user),
        "signature": "of-a-third-party",
    } | fields
    key = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    lines = "\n".join(f"{name}={told[name]}" for name in sorted(told))
    return urlencode(told | {"hash": hmac.new(key, lines.encode(), hashlib.sha256).hexdigest()})


def test_what_telegram_signed_is_believed(clock):
    found = visit_of(signed(clock), TOKEN, clock())

    assert found.user_id == "42"


def test_it_is_believed_for_five_minutes(clock):
    told = signed(clock)
    clock.advance(FRESH)
    at_the_end = visit_of(told, TOKEN, clock())
    clock.advance(timedelta(seconds=1))

    assert at_the_end is not None
    assert visit_of(told, TOKEN, clock()) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.replace("42", "43"),
        lambda told: told + "&extra=1",
        lambda told: told + "&user=" + json.dumps(MINA),
        lambda told: told.replace("hash=", "hash=0"),
        lambda told: told.rpartition("&hash=")[0],
        lambda told: "",
        lambda told: "hash=",
        lambda told: "&" * 5000,
        lambda told: told.replace("auth_date", "auth%5Fdate2"),
        lambda told: "user=%FF%FE&hash=é",
    ],
)
def test_what_was_changed_is_nobody(clock, change):
    assert visit_of(change(signed(clock)), TOKEN, clock()) is None


def test_another_bots_signature_is_nobodys(clock):
    assert visit_of(signed(clock, token="123456:another"), TOKEN, clock()) is None
    assert visit_of(signed(clock, token=""), "", clock()) is None


@pytest.mark.parametrize("date", ["", "soon", "-5", "9" * 13, "１７００００００００"])
def test_a_date_that_is_none_is_refused(clock, date):
    assert visit_of(signed(clock, auth_date=date), TOKEN, clock()) is None


def test_a_date_ahead_of_us_is_refused(clock):
    ahead = str(int(clock().timestamp()) + 31)

    assert visit_of(signed(clock, auth_date=ahead), TOKEN, clock()) is None


@pytest.mark.parametrize(
    "user", [{"id": 42, "is_bot": True}, {"id": "42"}, {"id": True}, {"id": -1}, [42], None]
)
def test_what_is_no_person_is_refused(clock, user):
    assert visit_of(signed(clock, user=user), TOKEN, clock()) is None


def test_of_ten_thousand_forged_ones_none_is_believed(clock):
    dice, told = random.Random(7), signed(clock)
    believed = []

    for _ in range(10_000):
        place = dice.randrange(len(told))
        forged = told[:place] + chr(dice.randrange(33, 126)) + told[place + 1 :]
        if forged != told and (found := visit_of(forged, TOKEN, clock())) is not None:
            believed.append((forged, found))

    assert [found for _, found in believed if found.user_id != "42"] == []
    assert len(believed) < 30  # another spelling of the very same fields, such as + for a space, at most


# --- as an entrance -----------------------------------------------------------------------------------------


class House:
    """Knows Mina on Telegram; remembers what came before."""

    def __init__(self):
        self.linked, self.seen = [], set()

    async def find(self, place: Place):
        return a_person(7) if (place.platform, place.user_id) == ("telegram", "42") else None

    async def link(self, platform, user_id, person_id):
        self.linked.append((platform, user_id, person_id))

    async def subscribe(self, address, person_id, account, topics):
        self.linked.append(address)

    async def first_time(self, platform, update_id):
        fresh = (platform, update_id) not in self.seen
        self.seen.add((platform, update_id))
        return fresh


async def test_somebody_known_gets_a_session_that_is_not_the_machines_own(clock):
    house, told = House(), signed(clock)

    session = await visit(house, house, TOKEN, clock, told)

    assert session == Session(person=a_person(7), origin="telegram")
    assert house.linked == [("web", "7", 7), "web:7"]


async def test_the_same_data_are_good_once(clock):
    house, told = House(), signed(clock)
    await visit(house, house, TOKEN, clock, told)

    assert await visit(house, house, TOKEN, clock, told) is None


async def test_a_stranger_on_telegram_stays_one(clock):
    house = House()

    assert await visit(house, house, TOKEN, clock, signed(clock, user={"id": 666})) is None
    assert (house.linked, house.seen) == ([], set())


async def test_the_page_exchanges_it_for_a_session(clock, desk):
    async with a_visitor(desk) as visitor:
        desk.visits["signed"] = a_person(3)

        refused = await visitor.post("/enter/telegram", {"init_data": "forged"})
        entered = await visitor.post("/enter/telegram", {"init_data": "signed"})
        me = await visitor.get("/api/me")

    assert (refused.status, entered.status, me.status) == (403, 200, 200)
    assert desk.sessions.origins == ["telegram"]
    assert desk.sessions.lasts == [timedelta(hours=12)]


async def test_guesses_at_it_are_slowed_like_guesses_at_codes(desk):
    async with a_visitor(desk) as visitor:
        statuses = [(await visitor.post("/enter/telegram", {"init_data": "x"})).status for _ in range(12)]

    assert statuses == [403] * 10 + [429] * 2
