"""The alert rules of the house: what is watched, how bad it is, when it is over, how soon it is news again."""

from dataclasses import dataclass
from datetime import timedelta

from trading.domain.notice import Severity

INFO, W, C, E = Severity
MINUTES = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of alert.

    when:      the condition, in words.
    lasts:     it ends by itself when it was not seen for so long; None: what ends it is known.
    cool_down: seen again so soon after its end it is counted, not told.
    """

    name: str
    severity: Severity
    when: str
    lasts: timedelta | None = None
    cool_down: timedelta = timedelta(0)


_ALL = (
    Rule(name="killed", severity=E, when="everything is sold and stays stopped; over with /unkill"),
    Rule(name="daily_loss", severity=C, when="the day's loss limit is reached; over with the next day"),
    Rule(name="weekly_loss", severity=C, when="the week's loss limit is reached; over with the next week"),
    Rule(name="monthly_loss", severity=C, when="the month's loss limit is reached; over with the next month"),
    Rule(
        name="exchange_failing",
        severity=C,
        when="the exchange failed again and again; over after a clean reconcile",
    ),
    Rule(name="calendar", severity=INFO, when="entries are closed around an event; over after it"),
    Rule(name="cannot_write", severity=C, when="the journal cannot be written; over when it can"),
    Rule(name="broken", severity=C, when="something does not add up; over with /resume"),
    Rule(name="paused", severity=W, when="somebody paused entries; over with /resume"),
    Rule(
        name="no_prices",
        severity=W,
        when="the market gives no fresh prices; over when it does",
        cool_down=10 * MINUTES,
    ),
    Rule(
        name="strategy_failed",
        severity=C,
        when="a strategy cannot say what it wants; over with its next signal or after a day",
        lasts=1440 * MINUTES,
    ),
    Rule(
        name="order_failed",
        severity=W,
        when="an exchange refused an order or it expired; over after an hour without another",
        lasts=60 * MINUTES,
    ),
    Rule(
        name="order_refused",
        severity=INFO,
        when="the desk's own risk rules refused an order; over after an hour without another",
        lasts=60 * MINUTES,
    ),
    Rule(
        name="order_in_doubt",
        severity=C,
        when="nobody knows whether the exchange has an order; over after a day",
        lasts=1440 * MINUTES,
    ),
    Rule(
        name="books_differ",
        severity=C,
        when="the exchange and the books disagree; over when somebody explains it",
    ),
    Rule(
        name="no_stop",
        severity=W,
        when="an exchange does not take a stop, so the desk watches its level; over when it does, or in a day",
        lasts=1440 * MINUTES,
    ),
    Rule(
        name="kill_receipt",
        severity=C,
        when="what a kill did at the exchange; over after an hour",
        lasts=60 * MINUTES,
    ),
    Rule(name="flat", severity=W, when="everything was sold; over after an hour", lasts=60 * MINUTES),
    Rule(
        name="loss_near",
        severity=W,
        when="most of the day's loss limit is used up; over when less of it is, or with the next day",
        cool_down=30 * MINUTES,
    ),
    Rule(
        name="drawdown_near",
        severity=C,
        when="the fall from the highest equity reached a step before its limit; over after a day",
        lasts=1440 * MINUTES,
    ),
    Rule(
        name="account_down",
        severity=C,
        when="an account cannot trade, because its market cannot be reached; over when it can",
        cool_down=10 * MINUTES,
    ),
    Rule(
        name="disk_low",
        severity=C,
        when="less than 500 MB are free where the data lies; over with more than 600 MB",
    ),
    Rule(
        name="chat_lost",
        severity=W,
        when="a chat takes no messages any more; over with the first that arrives there",
        lasts=1440 * MINUTES,
    ),
    Rule(
        name="chat_changed",
        severity=INFO,
        when="a message had to go elsewhere, for instance because its topic is gone; told once a day",
        lasts=1440 * MINUTES,
    ),
)
RULES = {rule.name: rule for rule in _ALL}
