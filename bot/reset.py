"""What the terminal says when the master key is lost: what would be given up, and where all of it is kept."""

from collections.abc import Sequence
from pathlib import Path

from bot.reply import Button, Reply, Row, Tone
from bot.words import Words
from trading.domain.keys import Lost


def before_reset(say: Words, lost: Lost, path: Path) -> Reply:
    """The question before anything is touched."""
    return Reply(
        title=say("Go on without the lost master key, with a new one?"),
        text=say(
            "If there is any copy of the old one, put it back at {file} instead: then nothing is lost. Otherwise what "
            "it sealed cannot be opened by anybody. Exchange keys are to be added again and second factors set up "
            "again; the rows of the audit stay and can be read, but nothing proves them any more. Everything is set "
            "aside and nothing deleted.",
            file=path,
        ),
        rows=(
            Row(say("Exchange keys to add again"), str(len(lost.keys)), ", ".join(lost.keys)),
            Row(say("Second factors to set up again"), str(lost.factors)),
            Row(say("Audit, as in the last daily report"), lost.head.short),
        ),
        buttons=((Button(say("Go on with a new one"), "/keys reset !", danger=True),),),
        tone=Tone.WARNING,
        data=lost,
    )


def after_reset(say: Words, lost: Lost, path: Path, aside: Sequence[Path]) -> Reply:
    """What was done, and what is to be done now."""
    return Reply(
        title=say("There is a new master key: {file}", file=path),
        text=say(
            "Copy it to a safe place, never into the same backup as the database. Then add the exchange keys again "
            "(python main.py keys add ACCOUNT) and let everybody set up their second factor (/totp)."
        ),
        rows=tuple(Row(say("Kept"), str(file)) for file in aside),
        tone=Tone.GOOD,
        data={"kept": [str(file) for file in aside], "lost": lost},
    )
