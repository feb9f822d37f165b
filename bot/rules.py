"""What each numbered rule watches, in words that fit on a phone."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.words import Words


def rule_name(rule: str, say: "Words") -> str:
    """`R21 order-share` as people call it: `order size`. One that has no name here keeps its own."""
    names = {
        "R01": say("no kill"),
        "R02": say("no pause"),
        "R03": say("fresh prices"),
        "R04": say("all is written down"),
        "R05": say("nothing is broken"),
        "R06": say("no calendar event"),
        "R07": say("the exchange answers"),
        "R08": say("prices and amounts are known"),
        "R10": say("today's loss"),
        "R11": say("drawdown"),
        "R12": say("this week's loss"),
        "R13": say("this month's loss"),
        "R14": say("losses in a row"),
        "R15": say("how wild the market is"),
        "R20": say("no order out already"),
        "R21": say("order size"),
        "R22": say("cash it takes"),
        "R23": say("only what is held is sold"),
        "R24": say("price away from the market's"),
        "R25": say("cost in the order book"),
        "R26": say("part of an hour's trading"),
        "R27": say("traded in a day"),
        "R28": say("the same order again"),
        "R29": say("orders in an hour"),
        "R30": say("fees in an hour"),
        "R31": say("in one market"),
        "R32": say("in one sleeve"),
        "R33": say("with one strategy"),
        "R34": say("invested in all"),
        "R35": say("positions at once"),
        "R36": say("in what moves together"),
        "R37": say("money put to work"),
        "R38": say("cost of a bad day"),
        "R39": say("average of the bad days"),
    }
    number = rule.partition(" ")[0]
    return names.get(number, rule)


def named(rule: str, say: "Words") -> str:
    """With its number, by which it can be looked up: `order size (R21)`."""
    return f"{rule_name(rule, say)} ({rule.partition(' ')[0]})"
