"""Every reader in their own language: answers, refusals, notices and reports, side by side in two chats."""

import asyncio
import re
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.app import House, build
from bot.commands.basics import GROUPS
from bot.dispatcher import Line
from bot.notify.announcer import Announcer
from bot.notify.living import Living
from bot.notify.router import Router
from bot.registry import discover
from bot.reports import away_report, daily_report
from bot.words import LONGEST, Words
from migrations.run import upgrade
from tests.bot.desks import TERMINAL
from tests.builders import a_fill
from trading.domain.alerts import RULES
from trading.domain.events import FeedLost, OrderFilled, TradingHalted
from trading.domain.notice import Severity
from trading.domain.people import Place, Role
from trading.domain.risk import Halt, HaltKind
from trading.domain.view import Away
from trading.settings import load

HANGUL = re.compile("[가-힣]")
ENGLISH_WORDS = re.compile(r"(?:^|(?<=\s))[A-Za-z]{2,} [a-z]{2,}(?=[\s.,;:!?]|$)")
USAGE = re.compile("사용법: .*")
KOREAN, ENGLISH = Words("ko"), Words("en")

# One conversation through every command, its refusals and its mistakes.
CONVERSATION = """
/start
/help
/help chart
/help nothing
/whoami
/version
/status
/health
/balance
/positions
/orders
/orders 1 2
/trades
/profit
/daily
/daily 0
/weekly
/monthly
/performance
/equity 7d
/equity soon
/drawdown
/chart BTC/USDT 1h
/chart
/chart NOPE/USDT
/chart BTC/USDT 7x
/strategies
/strategies bollinger
/strategies macd
/strategies nope
/set ema_cross
/set ema_cross fast=10
/set ema_cross fast=1000
/set ema_cross fast=quick
/set ema_cross quick=10
/set nope fast=1
/disable ema_cross
/disable rsi !
/disable rsi !
/enable rsi
/pause
/status
/resume
/resume
/kill
/kill !
/status
/resume
/unkill
/unkill !
/unkill
/backtest ema_cross
/backtest nope
/backtest ema_cross --cash lots
/backtest ema_cross --cash 0
/backtest ema_cross --fee 2
/backtest ema_cross --form 2024-01-01
/backtest ema_cross --from yesterday
/backtest ema_cross --from
/backtest ema_cross --symbols NOPE/USDT
/backtest ema_cross --data /nowhere
/replay ema_cross
/logs 0
/link
/notify alerts off
/notify alrts off
/notify alerts maybe
/zone Asia/Seoul
/zone Asia/Soul
/status !soon
/statsu
"""


# --- words ------------------------------------------------------------------------------------------------


def test_english_is_what_the_code_says():
    assert ENGLISH("{n} trades", n=3) == "3 trades"
    assert ENGLISH.again("This account is not paused.") == "This account is not paused."


def test_korean_is_said_from_its_catalogue():
    assert KOREAN("{n} trades", n=3) == "거래 3건"


def test_a_sentence_nobody_translated_is_said_in_english():
    assert KOREAN("Nobody has heard {what} yet.", what="this") == "Nobody has heard this yet."


def test_what_trading_said_is_said_again_with_its_values():
    said = KOREAN.again("There is no account 'mina'; there is main, second.")

    assert said == "'mina' 계좌는 없습니다. 있는 계좌: main, second."


def test_a_sentence_inside_a_sentence_is_said_again_too():
    said = KOREAN.again("The account main is not trading yet: kraken did not answer in time.")

    assert said == "main 계좌는 아직 거래하지 않습니다: kraken에서 제때 답이 오지 않았습니다."


def test_the_more_telling_sentence_wins():
    assert KOREAN.again("kraken refused.") == "kraken에서 거절했습니다."
    assert KOREAN.again("BTC/USDT: kraken refused.") == "BTC/USDT: kraken에서 거절했습니다."


@pytest.mark.parametrize("word", ["alerts", "trades", "owner", "Status"])
def test_a_name_inside_a_sentence_stays_a_name(word):
    assert KOREAN.again(f" Did you mean {word}?") == f" 혹시 {word} 아닙니까?"


def test_what_people_typed_comes_back_as_they_typed_it():
    typed = "{n} 'quoted' (by me): 100 % \\d+ sure"

    assert typed in KOREAN.again(f"There is no file or folder {typed}.")
    assert KOREAN.again("x" * LONGEST + " refused.") == "x" * LONGEST + " refused."


# --- a whole conversation -----------------------------------------------------------------------------------


async def said_in(house: House, text: str, place: Place = TERMINAL) -> list[str]:
    """Everything a person reads in the answer to a line."""
    line = Line(text=text, place=place, name="Mina", update_id=None, sent_at=None)
    read: list[str] = []
    async for reply in house.dispatcher.handle(line):
        read += [reply.title, *reply.text.split("\n"), reply.footer, *(image.alt for image in reply.images)]
        read += [part for row in reply.rows for part in (row.label, row.value, row.detail)]
        read += [button.label for row in reply.buttons for button in row]
    return [text for text in read if text]


async def test_a_korean_conversation_has_no_english_sentence(house):
    await house.people.set_language(house.owner.id, "ko")

    english, silent = [], []
    for line in CONVERSATION.split("\n")[1:-1]:
        said = await said_in(house, line)
        english += [(line, text) for text in said if ENGLISH_WORDS.search(USAGE.sub("", text))]
        silent += [] if any(HANGUL.search(text) for text in said) or line == "/version" else [line]

    assert english == []
    assert silent == []


async def test_an_english_conversation_has_no_korean_in_it(house):
    korean = [
        (line, text)
        for line in CONVERSATION.split("\n")[1:-1]
        for text in await said_in(house, line)
        if HANGUL.search(text)
    ]

    assert korean == []


async def test_a_stranger_is_refused_in_the_language_of_the_desk(tmp_path, clock):
    settings = load(None, {"TRADEWIND__DATA_DIR": str(tmp_path), "TRADEWIND__LANGUAGE": "ko"})
    await upgrade(settings.database_url)
    house = await build(settings, clock)
    stranger = Place(platform="telegram", user_id="99", chat_id="99", private=True)

    said = await said_in(house, "/status", stranger)

    assert said == [
        "비공개 데스크입니다. 본인의 데스크라면 /start 뒤에 터미널에 나온 페어링 코드를 붙여 보내 주세요."
    ]
    await house.store.close()


async def test_a_reason_is_kept_as_given_and_shown_in_each_readers_language(house):
    viewer = await _a_reader(house, "8", language="ko")
    await said_in(house, "/pause")

    english, korean = await said_in(house, "/status"), await said_in(house, "/status", viewer)

    assert english[1].startswith("PAUSED by owner since 5 Aug 12:00: asked by hand.")
    assert korean[1].startswith("일시 정지 (owner, 8월 5일 12:00부터): 직접 요청.")


async def test_a_reason_that_somebody_typed_is_nobodys_to_translate(house):
    await house.people.set_language(house.owner.id, "ko")
    await said_in(house, "/pause there is news (by noon)")

    said = await said_in(house, "/status")

    assert "there is news (by noon)" in said[1]


# --- what nobody asked for ----------------------------------------------------------------------------------


class Letters:
    """An outbox that keeps what is put into it."""

    def __init__(self) -> None:
        self.sent: dict[str, list] = {}
        self.arrived = asyncio.Event()

    def put(self, parcel) -> None:
        self.sent.setdefault(parcel.address, []).append(parcel.reply)
        self.arrived.set()


async def _a_reader(house: House, user: str, *, language: str, zone: str = "UTC") -> Place:
    """Somebody else who reads along on Telegram."""
    place = Place(platform="telegram", user_id=user, chat_id=user, private=True)
    code = await house.people.new_code(None, {Role.VIEWER}, timedelta(hours=1))
    person = await house.people.pair(place, f"reader {user}", code)
    await house.people.set_language(person.id, language)
    await house.people.set_zone(person.id, zone)
    return place


def an_announcer(house: House, letters: Letters) -> Announcer:
    """One that hands everything to these letters."""
    trading = house.trading
    router = Router(trading.settings.notify, house.people, trading.incidents.store, {})
    return Announcer(router, letters, Living(trading, {}), trading.header, {}, house.clock)


async def told_to(house: House, *events) -> dict[str, list]:
    """What an announcer sends to each chat after these events of the account."""
    letters = Letters()
    announcer = an_announcer(house, letters)
    for event in events:
        announcer.hear("main", event)
    running = asyncio.create_task(announcer.run())
    async with asyncio.timeout(5):
        while sum(len(sent) for sent in letters.sent.values()) < len(events) * len(letters.sent or "?"):
            await letters.arrived.wait()
            letters.arrived.clear()
    running.cancel()
    return letters.sent


async def test_each_chat_is_told_of_a_trade_in_its_persons_language(house):
    await _a_reader(house, "7", language="en")
    await _a_reader(house, "8", language="ko")
    fill = a_fill(amount=Decimal("0.5"), price=Decimal("60000"), fee=Decimal("30"), at=house.clock())

    sent = await told_to(house, OrderFilled(house.clock(), fill))

    (english,), (korean,) = sent["telegram:7"], sent["telegram:8"]
    assert english.title == "Bought 0.5 BTC/USDT at 60,000.00"
    assert [(row.label, row.value) for row in english.rows][2] == ("why", "signal")
    assert korean.title == "매수 체결 BTC/USDT 0.5, 가격 60,000.00"
    assert [(row.label, row.value) for row in korean.rows][2] == ("이유", "신호")
    assert english.header == korean.header == "🧪 PAPER · main"


async def test_alerts_are_told_in_each_readers_language_with_their_name_below(house):
    await _a_reader(house, "7", language="en")
    await _a_reader(house, "8", language="ko")
    now = house.clock()
    halt = Halt(kind=HaltKind.KILL, reason="drawdown 15.2% reached its limit of 15.0%", by="risk", since=now)

    sent = await told_to(house, FeedLost(now, "kraken did not answer in time."), TradingHalted(now, halt))

    english, korean = sent["telegram:7"], sent["telegram:8"]
    assert [reply.title for reply in english] == [
        "No fresh prices: kraken did not answer in time.",
        "KILLED by risk: drawdown 15.2% reached its limit of 15.0%",
    ]
    assert [reply.title for reply in korean] == [
        "시세 끊김: kraken에서 제때 답이 오지 않았습니다.",
        "킬 실행 (위험 규칙): 낙폭 15.2%, 한도 15.0% 도달",
    ]
    assert [reply.footer for reply in korean] == [reply.footer for reply in english]
    assert [button.label for button in korean[0].buttons[0]] == ["확인", "1시간 조용히"]
    assert [button.label for button in korean[1].buttons[0]] == ["확인"]  # an emergency is never snoozed


async def test_a_report_is_made_once_for_all_who_read_it_alike(house):
    for user, language, zone in (("6", "ko", "Asia/Seoul"), ("7", "en", "UTC"), ("8", "ko", "Asia/Seoul")):
        await _a_reader(house, user, language=language, zone=zone)
    letters, asked = Letters(), []
    announcer = an_announcer(house, letters)

    async def word(person):
        asked.append((person.language, person.zone))
        return await daily_report(house.trading, house.studio, "main", person)

    await announcer.tell("main", "reports", word, Severity.INFO)

    assert sorted(asked) == [("en", "UTC"), ("ko", "Asia/Seoul")]
    (korean,), (english,) = letters.sent["telegram:6"], letters.sent["telegram:7"]
    assert letters.sent["telegram:8"] == [korean]
    labels = [[row.label for row in reply.rows] for reply in (english, korean)]
    assert [*labels[0][:3], labels[0][-1]] == [
        "Equity now",
        "Trades",
        "Fees and slippage",
        "Open positions now",
    ]
    assert [*labels[1][:3], labels[1][-1]] == [
        "현재 평가금액",
        "거래",
        "수수료와 슬리피지",
        "현재 보유 포지션",
    ]
    assert korean.images[0].alt.startswith("평가금액 ")
    assert korean.images[0].png != english.images[0].png


async def test_coming_back_is_told_in_the_readers_language(house):
    reader = await house.people.find(await _a_reader(house, "8", language="ko"))
    now = house.clock()
    away = Away(
        account="main",
        since=now - timedelta(minutes=90),
        until=now,
        candles=90,
        fills=2,
        profit=Decimal("-12.5"),
        killed=True,
    )

    reply = await away_report(house.trading, away, reader)

    assert reply.title == "90분 동안 꺼져 있다가 돌아왔습니다."
    assert reply.text == "아직 킬 상태입니다. 소유자가 /unkill을 보낼 때까지 매수하지 않습니다."
    assert ("평가금액 변동", "-12.50 USDT") in [(row.label, row.value) for row in reply.rows]


def test_every_group_of_help_has_a_heading_of_its_own():
    assert {command.group for command in discover().values()} <= set(GROUPS)


def test_when_an_alert_is_over_is_said_in_the_same_word_by_every_rule():
    ended = [KOREAN(rule.when) for rule in RULES.values() if "; over " in rule.when]

    assert len(ended) > 20
    assert [sentence for sentence in ended if not sentence.endswith("종료")] == []
