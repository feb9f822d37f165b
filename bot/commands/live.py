"""Real money: cards to answer, orders nobody can speak for, the exchange against the books, and the drill of a kill."""

from typing import Annotated, Literal

from bot.cards import card
from bot.dispatcher import Ask
from bot.people import OWNERS, READERS, STOPPERS, TRADERS
from bot.registry import Sure, command
from bot.reply import Button, Reply, Row, Tone
from bot.show import amount, moment, money
from trading.domain.approval import Approval
from trading.domain.errors import Refused
from trading.domain.live import Answered, Attempt
from trading.domain.people import Role

CardId = Annotated[str, "the card's name, as it stands under it"]
OrderId = Annotated[str, "the order's name, as /parked shows it"]
APPROVERS = frozenset(
    {Role.OWNER, Role.APPROVER, Role.TRADER, Role.VIEWER}
)  # whoever else was given it for a while


async def _mine(ask: Ask, id: str) -> Approval:
    """The card, if this person may answer it; to others it does not exist."""
    account = ask.trading.real.account_of(id)
    found = next(c for c in ask.trading.real.pending(account) if c.id == id)
    if not await ask.people.may_approve(ask.person, account, found.notional, ask.now):
        raise Refused(ask.say("The card {id} is not yours to answer; /cards lists those that are.", id=id))
    return found


def _shown(ask: Ask, approval: Approval) -> Reply:
    room = ask.trading.status(approval.account)
    return card(
        approval,
        ask.say,
        ask.person.zone,
        ask.now,
        header=ask.trading.header(approval.account),
        equity=room.equity,
        fee=ask.trading.fee_of(approval.account, approval.intent.symbol),
    )


@command(allow=APPROVERS, scope="any", acts=True)
async def approve(ask: Ask, id: CardId) -> Reply:
    """Say yes to an order that waits: it is checked once more, then sent, once."""
    await _mine(ask, id)
    return _shown(ask, await ask.trading.real.approve(id, ask.person.name))


@command(allow=APPROVERS, scope="any", acts=True)
async def reject(ask: Ask, id: CardId) -> Reply:
    """Say no to an order that waits: it never leaves."""
    await _mine(ask, id)
    return _shown(ask, await ask.trading.real.reject(id, ask.person.name))


@command(allow=READERS)
async def cards(ask: Ask) -> Reply:
    """Orders that wait for somebody's yes."""
    waiting = ask.trading.real.pending(ask.account)
    if not waiting:
        return Reply(
            title=ask.say("No order waits for a yes."),
            text=ask.say("Canary accounts ask before every order, live ones above approve_above."),
            data=(),
        )
    first = _shown(ask, waiting[0])
    rows = tuple(
        Row(
            c.intent.symbol,
            f"#{c.id}",
            ask.say("until {at}", at=moment(c.expires_at, ask.person.zone, ask.say)),
        )
        for c in waiting
    )
    return Reply(
        title=ask.say("{n} waiting for a yes", n=len(waiting)),
        text=first.title,
        rows=rows,
        buttons=tuple(
            (
                Button(ask.say("Approve #{id}", id=c.id), f"/approve {c.id}"),
                Button(ask.say("Reject"), f"/reject {c.id}"),
            )
            for c in waiting
        ),
        tone=Tone.WARNING,
        data=waiting,
    )


@command(allow=READERS)
async def parked(ask: Ask) -> Reply:
    """Orders of which nobody knows whether the exchange has them."""
    found = ask.trading.real.parked(ask.account)
    if not found:
        return Reply(title=ask.say("No order is in doubt for good."), data=())
    return Reply(
        title=ask.say("{n} in doubt: look at the exchange", n=len(found)),
        text=ask.say(
            "Is it there? /adopt with its id at the exchange. Is it not? /resolve. Until then it counts as filled."
        ),
        rows=tuple(_doubt(ask, attempt) for attempt in found),
        buttons=tuple((Button(ask.say("Not there"), f"/resolve {a.client_id}"),) for a in found[:5]),
        tone=Tone.DANGER,
        data=found,
    )


def _doubt(ask: Ask, attempt: Attempt) -> Row:
    intent = attempt.intent
    side = ask.say("buy") if intent.side == "buy" else ask.say("sell")
    at = moment(attempt.sent_at, ask.person.zone, ask.say)
    return Row(
        f"{side} {amount(intent.amount)} {intent.symbol}",
        attempt.client_id,
        ask.say("sent {at}; {why}", at=at, why=ask.say.again(attempt.note)),
    )


async def _before_resolving(ask: Ask, order: str) -> Sure:
    found = next((a for a in ask.trading.real.parked(ask.account) if a.client_id == order), None)
    if found is None:
        raise Refused(ask.say("There is no order {id} in doubt; /parked lists them.", id=order))
    return Sure(
        title=ask.say("Does this order not exist at the exchange?"),
        text=_doubt(ask, found).label,
        yes=ask.say("I looked: it does not exist"),
    )


@command(allow=OWNERS, confirm=_before_resolving, step_up=True)
async def resolve(ask: Ask, order: OrderId) -> Reply:
    """You looked: an order in doubt does not exist. It is watched on, in case it turns up."""
    await ask.trading.real.resolve(ask.account, order, ask.person.name)
    return Reply(
        title=ask.say("Noted: it does not exist. Should it turn up, it is taken up."), tone=Tone.GOOD
    )


@command(allow=OWNERS, acts=True)
async def adopt(ask: Ask, order: OrderId, exchange_id: Annotated[str, "its id at the exchange"]) -> Reply:
    """You found an order in doubt at the exchange: take it up under its id there."""
    found = await ask.trading.real.adopt(ask.account, order, exchange_id, ask.person.name)
    return Reply(
        title=ask.say("Taken up: {symbol}, {state}.", symbol=found.intent.symbol, state=found.state.value),
        tone=Tone.GOOD,
    )


@command(allow=TRADERS, acts=True)
async def reconcile(ask: Ask) -> Reply:
    """Compare the exchange's books with ours, now."""
    problems, found = await ask.trading.real.reconcile(ask.account)
    differences = await ask.trading.real.differences(ask.account)
    lines = [ask.say.again(line) for line in (*problems, *found)]
    rows = tuple(
        Row(
            d.asset,
            ask.say("exchange {theirs}, books {ours}", theirs=amount(d.theirs), ours=amount(d.ours)),
            ask.say("likely: {cause}. Nothing is bought of {symbols} until you say.",
                    cause=ask.say.again(d.cause), symbols=", ".join(d.symbols)),
        )
        for d in differences
    )  # fmt: skip
    clean = not problems and not differences
    return Reply(
        title=ask.say("The exchange and the books agree.") if clean else ask.say("They do not agree."),
        text="\n".join(lines),
        rows=rows,
        buttons=tuple(
            (
                Button(ask.say("Put in or taken out"), f"/explain {d.id} transfer"),
                Button(ask.say("Leave it"), f"/explain {d.id} ignore"),
            )
            for d in differences[:5]
        ),
        tone=Tone.GOOD if clean else Tone.WARNING,
        data={"problems": problems, "found": found, "differences": differences},
    )


@command(allow=OWNERS, acts=True)
async def explain(
    ask: Ask,
    difference: Annotated[str, "the card's name, as /reconcile shows it"],
    how: Annotated[Literal["transfer", "ignore"], "money was put in or taken out, or leave it"],
) -> Reply:
    """Say where a difference between the exchange and the books comes from."""
    done = await ask.trading.real.answer(ask.account, difference, Answered(how), ask.person.name)
    return Reply(
        title=ask.say("Explained: {asset}. Entries are open again.", asset=done.asset),
        text=ask.say("It counts as neither profit nor loss."),
        tone=Tone.GOOD,
    )


@command(allow=STOPPERS)
async def drill(ask: Ask) -> Reply:
    """Rehearse a kill on a paper copy of the book, and say how long each step took."""
    found = ask.trading.drill(ask.account)
    currency = ask.trading.status(ask.account).currency
    steps = (
        (ask.say("entries shut, sales decided"), found.shut),
        (ask.say("sold at the last prices"), found.selling),
        (ask.say("verified flat"), found.verifying),
    )
    rows = tuple(Row(step, ask.say("{n} ms", n=f"{seconds * 1000:.1f}")) for step, seconds in steps)
    flat = ask.say("flat: yes") if found.flat else ask.say("flat: NO")
    return Reply(
        title=ask.say("Drill: a kill would sell {n} positions, {flat}", n=found.sold, flat=flat),
        text=ask.say(
            "On a copy, at the last prices; nothing was sent and nothing has changed. {equity} would be left.",
            equity=money(found.equity, currency),
        ),
        rows=rows,
        tone=Tone.GOOD if found.flat else Tone.DANGER,
        data=found,
    )
