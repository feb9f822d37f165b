"""The living message of work under way: how far it is, its place in the queue, and the button that ends it."""

from typing import TYPE_CHECKING

from bot.reply import Button, Reply
from trading.domain.jobs import Asker, Going

if TYPE_CHECKING:
    from bot.dispatcher import Ask


def asker(ask: "Ask") -> Asker:
    """Whose work it will be."""
    return Asker(id=ask.person.id, name=ask.person.name, line=ask.line)


def going(ask: "Ask", title: str, told: Going) -> Reply:
    """What is shown until the answer comes."""
    text = ""
    if told.place == 1:
        text = ask.say("Next in the queue.")
    elif told.place:
        text = ask.say("Place {n} in the queue.", n=told.place)
    elif told.begun_again:
        text = ask.say("Its process was killed, so it has begun again; nothing but time is lost.")
    return Reply(title=title, text=text, progress=told.share, buttons=end_button(ask, told.job))


def end_button(ask: "Ask", job: str) -> tuple[tuple[Button, ...], ...]:
    """Ends this job; nothing where it does not queue."""
    return ((Button(ask.say("Stop it"), f"/stop-job {job}", danger=True),),) if job else ()
