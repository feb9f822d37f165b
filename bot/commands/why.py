"""Why a market was bought or not, and what a purchase now would meet: every rule, failing ones first."""

from typing import Annotated, Literal

from bot.dispatcher import Ask
from bot.people import READERS
from bot.registry import Symbol, command
from bot.reply import Button, Reply, Row, Tone
from bot.rules import named, rule_name
from bot.show import amount, moment, money, price
from trading.domain.errors import Refused
from trading.domain.risk import Reading, Verdict, Why

WhichOrder = Annotated[
    Literal["now", "last"], "which rules are listed: of a purchase now, or of the last order"
]


@command(allow=READERS)
async def why(ask: Ask, symbol: Symbol, order: WhichOrder = "now") -> Reply:
    """Why a market was or was not bought, and what a purchase now would meet, rule by rule."""
    name = symbol.upper()
    if "/" not in name:
        name = next((s for s in ask.trading.symbols(ask.account) if s.startswith(f"{name}/")), name)
    last = ask.trading.risks.why(ask.account, name)
    now = ask.trading.risks.why_now(ask.account, name, last.sleeve if last else "")
    say, shown = ask.say, last if order == "last" else now or last
    if shown is None and order == "last":
        raise Refused(say("Nothing was asked about {symbol} since the desk started.", symbol=name))
    if shown is None:
        return _never(ask, name)
    buttons = [Button(say("Chart"), f"/chart {name}"), Button(say("Limits"), "/limits")]
    if last is not None and shown is not last:
        buttons.append(Button(say("Last order"), f"/why {name} last"))
    first = last or shown
    return Reply(
        title=_verdict(first, ask) if last else say("Asked now: {verdict}", verdict=_verdict(first, ask)),
        text="\n".join([*(_story(last, ask) if last else ()), *(_now(now, ask) if now else ())]),
        rows=tuple(_rule_row(reading, ask) for reading in sorted(shown.readings, key=lambda r: r.passed)),
        buttons=(tuple(buttons),),
        tone=Tone.WARNING if Verdict.REFUSED in (first.verdict, shown.verdict) else Tone.GOOD,
        data={"last": last, "now": now},
    )


def _never(ask: Ask, symbol: str) -> Reply:
    """No order of it can come about: nobody trades it, or only with less than the exchange takes."""
    small = ask.trading.risks.too_small(ask.account, symbol)
    if small is None:
        return Reply(title=ask.say("No strategy trades {symbol} here.", symbol=symbol))
    sleeve, worth, least = small
    currency = ask.trading.status(ask.account).currency
    title = ask.say(
        "{sleeve} buys no {symbol}: its usual {worth} is less than the {least} that the exchange takes.",
        sleeve=sleeve,
        symbol=symbol,
        worth=money(worth, currency),
        least=money(least, currency),
    )
    return Reply(title=title, text=ask.say("Give it a larger share, or fewer markets."), tone=Tone.WARNING)


def _verdict(found: Why, ask: Ask) -> str:
    what = f"{ask.say(str(found.intent.side))} {amount(found.intent.amount)} {found.symbol}"
    match found.verdict:
        case Verdict.CLEARED:
            return ask.say("{what}: every rule let it pass", what=what)
        case Verdict.TRIMMED:
            left = amount(found.largest.amount) if found.largest else "0"
            return ask.say("{what}: cut to {amount}", what=what, amount=left)
    first = next(r for r in found.readings if not r.passed)
    return ask.say("{what}: refused by {rule}", what=what, rule=named(first.rule, ask.say))


def _story(last: Why, ask: Ask) -> list[str]:
    """When it was asked, and what stood in the way."""
    say, currency = ask.say, ask.trading.status(ask.account).currency
    at = moment(last.intent.decided_at, ask.person.zone, say)
    cost = price(last.intent.price_at_decision, currency)
    line = say("Asked by {sleeve} on {at} at {price}.", sleeve=last.sleeve, at=at, price=cost)
    return [line, *_blocked(last, ask)]


def _now(now: Why, ask: Ask) -> list[str]:
    """What a purchase of the usual size would meet at this moment."""
    say, currency = ask.say, ask.trading.status(ask.account).currency
    cost = price(now.intent.price_at_decision, currency)
    worth = money(now.intent.amount * now.intent.price_at_decision, currency)
    line = say(
        "Now {sleeve}'s usual purchase, {amount} ({value}) at {price}, would meet this:",
        sleeve=now.sleeve,
        amount=amount(now.intent.amount),
        value=worth,
        price=cost,
    )
    if now.verdict is Verdict.CLEARED:
        return [line, "✓ " + say("Every rule would let it pass.")]
    return [line, *_blocked(now, ask), *_ways(now, ask)]


def _blocked(found: Why, ask: Ask) -> list[str]:
    return [
        f"✗ {named(reading.rule, ask.say)}: {ask.say.again(reading.reason)}"
        for reading in found.readings
        if not reading.passed
    ]


def _ways(found: Why, ask: Ask) -> list[str]:
    """The smallest changes that would let it pass, in whole or in part."""
    say, currency, lines = ask.say, ask.trading.status(ask.account).currency, []
    if found.largest is not None:
        most, worth = found.largest.amount, found.largest.amount * found.largest.price_at_decision
        lines = [
            say("At most {amount} ({value}) would pass.", amount=amount(most), value=money(worth, currency))
        ]
    if found.verdict is not Verdict.REFUSED:
        return lines
    blocked = [reading for reading in found.readings if not reading.passed]
    return lines + [line for reading in blocked if (line := _remedy(reading, ask))]


def _remedy(reading: Reading, ask: Ask) -> str:
    """What would have to change for this rule to let the very same order pass."""
    ways = {
        "R01 kill": ask.say("An owner's /unkill ends it."),
        "R02 pause": ask.say("/resume ends it."),
        "R03 feed": ask.say("Ends by itself when prices are fresh."),
        "R04 journal": ask.say("Ends by itself when the disk can be written."),
        "R05 broken": ask.say("Look at /logs; then /resume ends it."),
        "R06 calendar": ask.say("Ends by itself; /halts skip ends it now."),
        "R07 exchange": ask.say("Ends by itself when the exchange answers again."),
    }
    if reading.rule in ways:
        return ways[reading.rule]
    if not reading.needed:
        return ""
    line = f"/limits set {reading.setting} {reading.needed}"
    if reading.allowed:
        return ask.say("All of it would pass with {line}", line=line)
    return ask.say(
        "All of it would pass with {name} = {value}, which the house's settings do not allow.",
        name=reading.setting,
        value=reading.needed,
    )


def _rule_row(reading: Reading, ask: Ask) -> Row:
    say, sign = ask.say, "✓" if reading.passed else "✗"
    limit, number = say.again(reading.limit), reading.rule.partition(" ")[0]
    if limit == say.again(reading.observed):  # nothing to compare: it holds or it does not
        return Row(f"{sign} {rule_name(reading.rule, say)}", say.again(reading.observed), number)
    detail = f"{number} · {say('limit {limit}', limit=limit)}"
    return Row(f"{sign} {rule_name(reading.rule, say)}", say.again(reading.observed), detail)
