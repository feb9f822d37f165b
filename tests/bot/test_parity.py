"""An action exists in every chat or in none; a screen fits every chat however long its names and lists are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from bot import registry
from bot.notify.cards import incident_card
from bot.notify.parcels import Parcel, merged
from bot.panel import panel_reply
from bot.platforms.discord_commands import slash_commands
from bot.platforms.discord_markup import draw
from bot.platforms.telegram import MENU_LIMIT, _menu
from bot.platforms.telegram_markup import CAPTION_LIMIT, ENTITY_LIMIT, TEXT_LIMIT, lay_out, plain, width
from bot.reply import Button, Reply, Row, Tone
from bot.web.shape import reply_shape
from bot.words import LANGUAGES, Words
from tests.fakes.discord_limits import check_commands, check_message
from trading.domain.account import Mode
from trading.domain.notice import Incident, Said, Severity
from trading.domain.people import Person, Role
from trading.domain.risk import Halt, HaltKind
from trading.domain.view import Budget, Holding, Status

COMMANDS = registry.discover()
IN_CHATS = {name: command for name, command in COMMANDS.items() if not command.terminal_only}
NOON = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)
LONGEST = "a-name-of-24-characters-"  # of an account or a sleeve
SYMBOL = "1000000CAT/USDT:USDT-270326"
SENTENCE = {
    "en": "the exchange said <b>&amp; **_`~|>#[x](y)** " * 8,
    "ko": "거래소가 <b>&amp; **_`답했습니다** " * 8,
}

each_language = pytest.mark.parametrize("language", LANGUAGES)
each_length = pytest.mark.parametrize("rows", [0, 1, 50])


# --- actions ------------------------------------------------------------------------------------------------


def test_what_telegram_offers_discord_offers_too_and_the_web_by_the_same_registry():
    menus = [
        {entry.command.replace("_", "-") for entry in _menu(COMMANDS.values(), lang)} for lang in LANGUAGES
    ]
    slash = slash_commands(COMMANDS, Words("ko"), everywhere=True)

    assert menus == [set(IN_CHATS)] * 2
    assert {command["name"] for command in slash} == set(IN_CHATS)
    assert len(IN_CHATS) <= MENU_LIMIT
    check_commands(slash, in_guild=False)


@pytest.mark.parametrize("command", IN_CHATS.values(), ids=IN_CHATS.keys())
def test_every_word_of_a_command_is_an_option_on_discord_but_files_of_the_machine(command):
    (slash,) = slash_commands({command.name: command}, Words("ko"), everywhere=True)

    missing = {p.name for p in command.parameters} - {option["name"] for option in slash["options"]}

    assert missing <= {"file"}
    assert command.takes_params == any(option["name"] == "params" for option in slash["options"])


# --- screens ------------------------------------------------------------------------------------------------


def screens(language: str, rows: int) -> dict[str, Reply]:
    """What nobody asked for, and a list, with names as long as they can be."""
    say = Words(language)
    return {
        "list": Reply(
            title=SENTENCE[language][:250],
            text="\n".join([SENTENCE[language]] * min(rows, 10)),
            rows=tuple(
                Row(f"{SYMBOL} · {LONGEST}", "▲ +1.58%", SENTENCE[language][:120]) for _ in range(rows)
            ),
            buttons=((Button("x" * 80, f"/kill {'x' * 50}", danger=True),),),
            header=f"🧪 PAPER · {LONGEST}",
            tone=Tone.DANGER,
        ),
        "panel": panel_reply(_trading(rows), LONGEST, say, _person(language), NOON, NOON),
        "incident": incident_card(_incident(rows, language), say, "Asia/Seoul", f"PAPER · {LONGEST}", NOON),
        "many as one": merged([_parcel(n, language) for n in range(rows or 1)], spared=rows),
    }


@each_language
@each_length
def test_every_screen_fits_telegram(language, rows):
    for name, reply in screens(language, rows).items():
        sheet = lay_out(reply)

        texts = [plain(page) for page in sheet.pages]
        assert all(0 < width(text) <= TEXT_LIMIT for text in texts), name
        assert all(page.count("</") <= ENTITY_LIMIT for page in sheet.pages), name
        assert width(plain(sheet.caption)) <= CAPTION_LIMIT, name
        assert reply.title[:40] in texts[0], name


@each_language
@each_length
def test_every_screen_fits_discord(language, rows):
    for name, reply in screens(language, rows).items():
        for card in draw(reply, Words(language)):
            message = {
                "embeds": [embed.to_dict() for embed in card.embeds],
                "components": card.fresh()["view"].to_components() if card.buttons else [],
                "content": "",
            }
            check_message(message, {a.name: a.content for a in card.attachments})
        assert card.embeds, name


@each_language
@each_length
def test_every_screen_is_whole_on_the_web_and_nothing_is_empty(language, rows):
    for name, reply in screens(language, rows).items():
        shape = reply_shape(reply, picture=lambda image: {}, attachment=lambda file: {})

        assert shape["title"], name
        assert len(shape["rows"]) == len(reply.rows), name


def _person(language: str) -> Person:
    roles = frozenset({Role.OWNER})
    return Person(id=1, name="봄", roles=roles, language=language, zone="Asia/Seoul", account=LONGEST)


def _incident(seen: int, language: str) -> Incident:
    words = {lang: Said(title=SENTENCE[lang], facts=((SYMBOL, SENTENCE[lang]),)) for lang in LANGUAGES}
    return Incident(
        id="abcde",
        account=LONGEST,
        key="k",
        topic="alerts",
        severity=Severity.CRITICAL,
        said=words,
        count=seen + 1,
        first_at=NOON - timedelta(days=3),
        last_at=NOON,
        acked_by=LONGEST if seen else None,
        acked_at=NOON if seen else None,
        snoozed_until=NOON + timedelta(hours=1) if seen else None,
    )


def _parcel(n: int, language: str) -> Parcel:
    reply = Reply(title=f"{n} {SENTENCE[language]}", header=f"🧪 PAPER · {LONGEST}{n % 5}")
    return Parcel(address="x:1", reply=reply, severity=Severity(n % 3 + 1), at=NOON, language=language)


def _trading(held: int) -> SimpleNamespace:
    """As much of the desk as a panel looks at."""
    money = 10**9
    holding = Holding(
        sleeve=LONGEST,
        symbol=SYMBOL,
        quantity=money,
        entry_price=money,
        price=money,
        value=money,
        unrealised=-money,
        opened_at=NOON,
    )
    halts = tuple(Halt(kind=kind, reason="x" * 200, by=LONGEST, since=NOON) for kind in HaltKind if held > 1)
    status = Status(
        account=LONGEST,
        mode=Mode.PAPER,
        exchange="upbit",
        currency="KRW",
        equity=money,
        cash=money,
        start_cash=money,
        day_profit=-money,
        day_change=-0.5,
        drawdown=0.3,
        holdings=(holding,) * held,
        halts=halts,
        orders_out=held,
        budgets=tuple(Budget(name=n, limit=0.05, used=0.9, left=money) for n in ("day", "drawdown")),
        sleeves=(),
        last_candle_at=NOON,
        trouble="x" * 300 if held > 1 else None,
    )
    incidents = [replace(_incident(held, "en"), id=f"{n:05}") for n in range(held)]
    return SimpleNamespace(
        rooms={LONGEST: None},
        header=lambda account: f"🧪 PAPER · {account}",
        status=lambda account: status,
        keeper=SimpleNamespace(trouble=None),
        incidents=SimpleNamespace(open=lambda: incidents),
    )
