"""What became known of a key behind real money, told to everybody who hears alerts of its account."""

from collections.abc import Awaitable, Callable
from functools import partial

from bot.reply import Button, Reply, Tone
from bot.words import Words
from trading.domain.keys import Looked
from trading.domain.notice import Severity
from trading.domain.people import Person
from trading.service import Trading

Word = Callable[[Person], Awaitable[Reply]]
Tell = Callable[[str, str, Word, Severity], Awaitable[None]]  # account, topic, the message, how urgent


async def look_at_keys(trading: Trading, tell: Tell) -> None:
    """Look at every key whose day is over, and tell what is new."""
    for found in await trading.keywatch.look():
        severity = Severity.CRITICAL if found.against else Severity.WARNING
        await tell(found.account, "alerts", partial(_news, trading, found), severity)


async def _news(trading: Trading, found: Looked, person: Person) -> Reply:
    say, account = Words(person.language), found.account
    lines = [say.again(line) for line in (*found.against, *found.warnings)]
    title = say("The exchange key of {account} is as it should be again.", account=account)
    if found.against:
        title = say("Entries of {account} are closed: its exchange key is not safe.", account=account)
    elif found.warnings:
        title = say("Something to know about the exchange key of {account}", account=account)
    if found.capped:
        lines.append(say("Until then half of the money may be at work."))
    return Reply(
        title=title,
        text="\n".join(lines),
        buttons=((Button(say("Status"), "/status"),),),
        header=trading.header(account),
        tone=Tone.DANGER if found.against else Tone.WARNING if lines else Tone.GOOD,
    )
