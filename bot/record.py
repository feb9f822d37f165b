"""At every start the whole audit is read; whoever runs the desk hears when somebody has been at it."""

from collections.abc import Awaitable, Callable

import structlog

from bot.reply import Button, Reply, Row, Tone
from bot.words import Words
from trading.domain.errors import TradingError
from trading.domain.notice import Severity
from trading.domain.people import Person
from trading.service import Trading

log = structlog.get_logger("audit")

Word = Callable[[Person], Awaitable[Reply]]
Tell = Callable[[str, str, Word, Severity], Awaitable[None]]  # account, topic, the message, how urgent


async def look_at_the_record(trading: Trading, tell: Tell, at_terminal: Callable[[str], None]) -> None:
    """Check every row. What is wrong is logged, said at the terminal and told to every chat that hears alerts."""
    try:
        verdict = await trading.safe.check_audit()
        if not verdict.wrong:
            log.debug("audit_whole", rows=verdict.rows, head=verdict.head.short)
            return
        log.critical("audit_tampered", wrong=verdict.wrong, last_good=verdict.head.short)
        at_terminal(f"The audit was tampered with: {verdict.wrong}. /audit verify shows it again.")

        async def word(person: Person) -> Reply:
            words = Words(person.language)
            return Reply(
                title=words("The audit was tampered with."),
                text=words.again(verdict.wrong),
                rows=(Row(words("Last good row"), verdict.head.short),),
                buttons=((Button(words("Verify"), "/audit verify"),),),
                tone=Tone.DANGER,
            )

        await tell(trading.accounts[0], "alerts", word, Severity.CRITICAL)
    except TradingError as error:
        log.error("audit_not_checked", reason=error.tell)
