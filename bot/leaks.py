"""What happens when somebody pastes a key into a chat: nothing is kept, and they are told to make it worthless."""

from bot.ops.pasted import is_pasted_key
from bot.reply import Reply, Tone
from bot.words import Words
from trading.domain.people import Place

KEPT_INSTEAD = "[a key, not kept]"  # what stands in the audit, and in a chat, in place of such a line

KEEPS_MESSAGES = ("discord",)  # where nobody but its writer may delete a message of a private chat


def leaked(say: Words, place: Place) -> Reply:
    """The answer; `unsay` lets the platform delete the message where it may."""
    lines = [
        say("It was not obeyed and is kept nowhere here, but whoever can read this chat may have it."),
        say(
            "Make it worthless now: delete it at the exchange, or /revoke it with @BotFather, and make a new one."
        ),
        say(
            "If your message still stands above, delete it. "
            "Keys go in on the desk's own machine: python main.py keys add ACCOUNT"
        ),
    ]
    if place.platform in KEEPS_MESSAGES and place.private:
        lines.insert(
            0, say("No bot can delete your message here. Delete it yourself now, before you read on.")
        )
    if not place.private:
        lines.insert(1, say("Others read along here."))
    return Reply(
        title=say("That looks like a key or a secret."),
        text="\n".join(lines),
        tone=Tone.DANGER,
        failed=True,
        unsay=True,
    )


def without_keys(text: str) -> str:
    """The line with every word left out that looks like a key."""
    kept = [word if not is_pasted_key(word) else KEPT_INSTEAD for word in text.split()]
    joined = " ".join(kept)
    return joined if not is_pasted_key(joined) else text.split()[0]
