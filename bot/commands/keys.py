"""Exchange keys: which there are; putting them in, taking them out and rotating the master key happens here."""

from typing import Annotated

from bot.dispatcher import Ask
from bot.people import TRADERS
from bot.registry import Sure, command
from bot.reply import Button, Reply, Row, Tone
from bot.show import moment
from trading.domain.errors import Refused, TradingError
from trading.domain.keys import Purpose, StoredKey
from trading.domain.people import Role

KEEPERS = frozenset({Role.OWNER, Role.TRADER})
LOOKERS = KEEPERS | {Role.ADMIN, Role.AUDITOR}
Account = Annotated[str, "an account, for instance main"]
ReadOnly = Annotated[bool, "the key that can only look"]


@command(allow=LOOKERS, needs_account=False, scope="any")
async def keys(ask: Ask) -> Reply:
    """The exchange keys that are stored, by their last four signs."""
    found = await ask.trading.safe.keys(ask.mine(LOOKERS))
    say = ask.say
    if not found:
        return Reply(
            title=say("No exchange key is stored."),
            text=say("Paper and shadow need none. {how}", how=_how(ask, "ACCOUNT")),
            data=[],
        )
    return Reply(
        title=say("Exchange keys, sealed: {n}", n=len(found)),
        text=say("Nothing shows them again, not even here."),
        rows=tuple(_row(one, ask) for one in found),
        data=found,
    )


def _row(one: StoredKey, ask: Ask) -> Row:
    what = ask.say("{purpose} key at {exchange}", purpose=ask.say(one.purpose), exchange=one.exchange)
    detail = ask.say(
        "by {name}, {when}", name=one.added_by, when=moment(one.added_at, ask.person.zone, ask.say)
    )
    return Row(one.account, f"{what} {one.hint}", detail)


async def _before_adding(ask: Ask, account: str, *, read_only: bool = False) -> Sure:
    say, purpose = ask.say, _purpose(read_only)
    _check_place(ask, account)
    return Sure(
        title=say("Store this {purpose} key of {account}?", purpose=say(purpose), account=account),
        text=say("It is sealed with the master key and takes the place of an older one."),
        yes=say("Store the key"),
    )


@command(
    allow=TRADERS, needs_account=False, scope="any", confirm=_before_adding, step_up=True, two_persons=True
)
async def keys_add(ask: Ask, account: Account, *, read_only: ReadOnly = False) -> Reply:
    """Store an exchange key; on the desk's own machine only, never in a chat."""
    _check_place(ask, account)
    given, say = ask.secrets, ask.say
    if not given.get("key"):
        raise Refused(
            say(
                "No key was given: run python main.py keys add {account} and paste it there.", account=account
            )
        )
    stored = await ask.trading.safe.add_key(
        account,
        _purpose(read_only),
        given["key"],
        given.get("secret", ""),
        given.get("passphrase", ""),
        ask.person.name,
    )
    what = say("{purpose} key at {exchange}", purpose=say(stored.purpose), exchange=stored.exchange)
    return Reply(
        title=say("Stored: {what} {hint}", what=what, hint=stored.hint),
        text="\n".join(
            (
                say(
                    "Make sure at the exchange that it cannot withdraw, and works from this machine's address only."
                ),
                await _connected(ask, account, stored.purpose),
                say(
                    "Keep a copy of {file}, never in the same backup as the database: it opens the stored keys.",
                    file=ask.trading.safe.master_key,
                ),
            )
        ),
        rows=(Row(account, what, say("version {n}", n=stored.version)),),
        tone=Tone.GOOD,
        data=stored,
    )


async def _before_removing(ask: Ask, account: str, *, read_only: bool = False) -> Sure:
    _check_right(ask, account)
    say, purpose = ask.say, _purpose(read_only)
    found = [key for key in await ask.trading.safe.keys([account]) if key.purpose is purpose]
    if not found:
        raise Refused(say("Account {account} has no {purpose} key.", account=account, purpose=say(purpose)))
    return Sure(
        title=say(
            "Forget the {purpose} key {hint} of {account}?",
            purpose=say(purpose),
            hint=found[0].hint,
            account=account,
        ),
        text=say("The desk cannot use it any more. Delete it at the exchange, too."),
        yes=say("Forget the key"),
        no=Button("Leave it", "/keys"),
    )


@command(allow=TRADERS, needs_account=False, scope="any", confirm=_before_removing)
async def keys_remove(ask: Ask, account: Account, *, read_only: ReadOnly = False) -> Reply:
    """Forget a stored exchange key."""
    _check_right(ask, account)
    await ask.trading.safe.remove_key(account, _purpose(read_only))
    told = (ask.say("Delete it at the exchange, too."), _still_used(ask, account, _purpose(read_only)))
    return Reply(
        title=ask.say("The key is forgotten."),
        text="\n".join(line for line in told if line),
        tone=Tone.GOOD,
    )


@command(allow=frozenset({Role.OWNER}), needs_account=False, scope="house", acts=True)
async def keys_rotate(ask: Ask) -> Reply:
    """A new master key; trading goes on meanwhile. On the desk's own machine only."""
    if not ask.place.local:
        raise Refused(
            ask.say("The master key is changed on the desk's own machine: python main.py keys rotate")
        )
    name = await ask.trading.safe.rotate()
    return Reply(
        title=ask.say("The master key is a new one: {name}", name=name),
        text=ask.say(
            "Copy its file to a safe place again. Older copies open only older backups of the database."
        ),
        tone=Tone.GOOD,
        data={"master_key": name},
    )


async def _connected(ask: Ask, account: str, purpose: Purpose) -> str:
    """What becomes of a new key: an account of real money that trades goes on with it, or says why not."""
    if purpose is Purpose.READ or account not in ask.trading.real.accounts:
        return ask.say(
            "It is used from the next time the account connects on: at a start, or when it goes live."
        )
    try:
        await ask.trading.reconnect(account)
    except TradingError as error:
        return ask.say("It is not in use: {why}", why=ask.say.again(error.tell))
    return ask.say("{account} trades with it from now on; cards from before are void.", account=account)


def _still_used(ask: Ask, account: str, purpose: Purpose) -> str:
    """What a desk that trades with the key before goes on with; empty where none does."""
    if purpose is Purpose.READ or account not in ask.trading.real.accounts:
        return ""
    return ask.say(
        "{account} trades on with the key it connected with until the desk starts again; /pause and /kill stop it.",
        account=account,
    )


def _purpose(read_only: bool) -> Purpose:
    return Purpose.READ if read_only else Purpose.TRADE


def _check_right(ask: Ask, account: str) -> None:
    if account not in ask.mine(KEEPERS):
        raise Refused(
            ask.say("There is no account {account} whose keys are yours to change.", account=account)
        )


def _check_place(ask: Ask, account: str) -> None:
    _check_right(ask, account)
    if not ask.place.local:
        raise Refused(_how(ask, account))


def _how(ask: Ask, account: str) -> str:
    return ask.say(
        "Keys are never typed in a chat. On the desk's own machine: python main.py keys add {account}, "
        "or the page /keys of the web chat that its terminal opened.",
        account=account,
    )
