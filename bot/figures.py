"""The numbers of a backtest as people read them: in sections, the same for the terminal, a page and a chat."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.reply import Row
from bot.show import money, percent
from charts.format import UNKNOWN, amount
from charts.months import compounded
from trading.domain.report import Month, Portion, Report

if TYPE_CHECKING:
    from bot.words import Words

MARKETS = 4  # that a rule is told with


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together, under a heading."""

    title: str
    rows: tuple[Row, ...]


def sections(report: Report, say: "Words") -> tuple[Section, ...]:
    """Everything there is to say, in the order people ask for it."""
    found = [
        Section(say("Result"), _result(report, say)),
        Section(say("Risk"), _risk(report, say)),
        Section(say("Trades"), _trades(report, say)),
        Section(say("Costs"), _costs(report, say)),
    ]
    for title, portions in ((say("Strategies"), report.by_strategy), (say("Markets"), report.by_symbol)):
        if len(portions) > 1:
            found.append(Section(title, tuple(portion_row(p, report.currency, say) for p in portions)))
    if report.refused or report.stopped:
        found.append(Section(say("Rules"), _rules(report, say)))
    if report.months:
        found.append(Section(say("Months"), _years(report.months)))
    return tuple(found)


def _rules(report: Report, say: "Words") -> tuple[Row, ...]:
    """Which rule refused how often, and when the account stopped itself."""
    refused = [
        Row(rule, say("{n} refused", n=f"{count:,}"), _markets(report, rule))
        for rule, count in report.refused
    ]
    stops = [s for s in report.stopped if s.kind == "kill"]
    halts = len(report.stopped) - len(stops)
    rows = [*refused, *(Row(say("Stopped for good"), f"{s.at:%Y-%m-%d}", say.again(s.reason)) for s in stops)]
    if halts:
        rows.append(Row(say("Entries closed"), say("{n} times", n=halts)))
    return tuple(rows)


def _markets(report: Report, rule: str) -> str:
    """`XRP 40, SOL 33, ETH 12 …`: whose orders a rule refused, most of them first."""
    found = [(symbol.partition("/")[0], count) for name, symbol, count in report.refused_of if name == rule]
    listed = ", ".join(f"{coin} {count:,}" for coin, count in found[:MARKETS])
    return f"{listed} …" if len(found) > MARKETS else listed


def in_short(report: Report, say: "Words") -> tuple[Row, ...]:
    """What fits under a picture in a chat."""
    result = {row.label: row for section in sections(report, say)[:4] for row in section.rows}
    wanted = (
        say("From, to"),
        say("Start, end"),
        say("Buy and hold"),
        say("Deepest fall"),
        say("Sharpe, Sortino, Calmar"),
        say("A bad day"),
        say("Closed trades"),
        say("Profit factor"),
        say("Fees and slippage"),
    )
    rows = [result[label] for label in wanted if label in result]
    for portions in (report.by_strategy, report.by_symbol):
        if len(portions) > 1:
            rows += [portion_row(p, report.currency, say) for p in portions[:6]]
    return tuple(rows)


def counted(n: int, one: str, many: str) -> str:
    """`1 trade`, `5 trades`: the one of two sayings that fits; `many` has an {n}."""
    return one if n == 1 else many.format(n=f"{n:,}")


def _result(report: Report, say: "Words") -> tuple[Row, ...]:
    m, currency, rival = report.metrics, report.currency, report.benchmark
    profit = report.final_equity - report.initial_equity
    rows = [
        Row(say("From, to"), f"{report.start:%Y-%m-%d} – {report.end:%Y-%m-%d}"),
        Row(
            say("Start, end"),
            f"{amount(report.initial_equity, currency)} → {money(report.final_equity, currency)}",
            money(profit, currency, signed=True),
        ),
        Row(say("Return"), percent(report.total_return), _a_year(m.get("cagr"), say)),
    ]
    if rival is not None:
        fell = say("deepest fall {fall}", fall=_fall(rival.max_drawdown))
        rows.append(Row(say("Buy and hold"), percent(rival.total_return), fell))
    rows.append(
        Row(
            say("Sharpe, Sortino, Calmar"),
            " · ".join(_ratio(m.get(n)) for n in ("sharpe", "sortino", "calmar")),
        )
    )
    return tuple(rows)


def _risk(report: Report, say: "Words") -> tuple[Row, ...]:
    m = report.metrics
    days = m.get("max_drawdown_days")
    longest = say("longest {n} days", n=f"{days:,.0f}") if days is not None else ""
    return (
        Row(say("Deepest fall"), _fall(m.get("max_drawdown")), longest),
        Row(say("Volatility"), _share(m.get("volatility")), say("a year")),
        Row(
            say("A bad day"),
            _fall(m.get("var_95")),
            say("one day in twenty is worse, {loss} on average", loss=_fall(m.get("es_95"))),
        ),
        Row(say("Best and worst day"), f"{_change(m.get('best_day'))} · {_change(m.get('worst_day'))}"),
        Row(say("In the market"), _share(m.get("exposure")), say("of the time")),
    )


def _trades(report: Report, say: "Words") -> tuple[Row, ...]:
    m, currency = report.metrics, report.currency
    count = len(report.trades)
    rows = [
        Row(
            say("Closed trades"),
            f"{count:,}",
            say("{won} won", won=_share(m.get("win_rate"))) if count else "",
        )
    ]
    if not count:
        return tuple(rows)
    won, lost = int(m.get("longest_winning_streak") or 0), int(m.get("longest_losing_streak") or 0)
    return (
        *rows,
        Row(
            say("Profit factor"),
            _ratio(m.get("profit_factor")),
            say("{money} a trade", money=_money(m.get("expectancy"), currency)),
        ),
        Row(
            say("Average win and loss"),
            _both(m.get("average_win"), m.get("average_loss"), currency),
        ),
        Row(
            say("Largest win and loss"),
            _both(m.get("largest_win"), m.get("largest_loss"), currency),
        ),
        Row(say("Best and worst trade"), f"{_change(m.get('best_trade'))} · {_change(m.get('worst_trade'))}"),
        Row(say("Held for"), _hours(m.get("average_holding_hours"), say), say("on average")),
        Row(say("In a row"), say("{won} won, {lost} lost", won=won, lost=lost), say("at most")),
    )


def _costs(report: Report, say: "Words") -> tuple[Row, ...]:
    currency = report.currency
    turnover = report.metrics.get("turnover")
    often = say("{n} times the account a year", n=f"{turnover:,.1f}") if turnover is not None else ""
    shares = f"{report.fee_share:.3%} · {report.slippage_share:.3%}"
    return (
        Row(
            say("Fees and slippage"),
            f"{amount(report.fees, currency)} · {money(report.slippage, currency)}",
            say("{shares} of each fill", shares=shares),
        ),
        Row(say("Turned over"), money(report.traded, currency), often),
    )


def portion_row(portion: Portion, currency: str, say: "Words") -> Row:
    """One market or strategy: what it added, and by how many trades."""
    trades = counted(portion.trades, say("1 trade"), say("{n} trades"))
    won = say("{won} won", won=_share(portion.win_rate)) if portion.trades else ""
    still = portion.open_profit
    held = say("{money} still open", money=money(still, currency, signed=True)) if still else ""
    detail = ", ".join(part for part in (trades, won, held) if part)
    return Row(portion.name, money(portion.profit + still, currency, signed=True), detail)


def _years(months: Sequence[Month]) -> tuple[Row, ...]:
    """A row for each year: what it made, and its months by number."""
    rows = []
    for year in dict.fromkeys(month.year for month in months):
        mine = [month for month in months if month.year == year]
        parts = " ".join(f"{month.month:02d} {percent(month.change)}" for month in mine)
        rows.append(Row(str(year), percent(compounded([month.change for month in mine])), parts))
    return tuple(rows)


def _a_year(cagr: float | None, say: "Words") -> str:
    return say("{change} a year", change=percent(cagr)) if cagr is not None else ""


def _hours(hours: float | None, say: "Words") -> str:
    if hours is None:
        return UNKNOWN
    if hours >= 48:
        return say("{n} d", n=f"{hours / 24:.1f}")
    return say("{n} h", n=f"{hours:.1f}") if hours >= 1 else say("{n} min", n=f"{hours * 60:.0f}")


def _money(value: float | None, currency: str) -> str:
    return UNKNOWN if value is None else money(value, currency, signed=True)


def _both(won: float | None, lost: float | None, currency: str) -> str:
    """Two sums, the currency once."""
    return f"{UNKNOWN if won is None else amount(won, currency, signed=True)} · {_money(lost, currency)}"


def _share(value: float | None) -> str:
    return UNKNOWN if value is None else percent(value, signed=False)


def _change(value: float | None) -> str:
    return UNKNOWN if value is None else percent(value)


def _fall(value: float | None) -> str:
    return UNKNOWN if value is None else percent(-abs(value))


def _ratio(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f}"
