"""Every sentence that people read, found in the code itself: what is said, and what arrives finished."""

import ast
import re
from collections.abc import Iterator

from bot.commands.basics import GROUPS
from bot.dispatcher import REFUSAL
from bot.platforms.discord_commands import PARAMS_HELP
from bot.registry import Sure, discover
from charts.words import KEYS
from tests.house.code import calls, modules, name, tree
from trading.domain.alerts import RULES as ALERTS
from trading.domain.keys import Purpose
from trading.domain.order import OrderStatus, Reason, Side
from trading.domain.people import Role
from trading.domain.risk import HaltKind
from trading.risk.limits import LIMITS
from trading.store.people import TOPICS
from trading.store.trouble import _NOTHING_LOST
from trading.strategies import strategies

NAME = re.compile(r"\{\w*\}")
LETTERS = re.compile(r"[a-z]{2}")

# `say` prints for whoever starts the desk, before anybody is known: in English.
PRINTS = ("bot/app.py",)
ERRORS = ("Refused", "Uncertain", "ExchangeSaidNo", "SlowDown")
# What a venue answers and why it could not be asked; kept with an order and read later.
ANSWERS = ("Denied", "Doubtful", "Unreachable", "Nonsense", "NotWhatWasMeant", "Guarded", "Misfit")
# Calls whose texts are written down with a halt and read later.
HALTS = (
    "Halt",
    "HaltAsked",
    "HaltLifted",
    "KillAsked",
    "kill",
    "close_entries",
    "_kill",
    "_resume",
    "halt",
    "change",
    "_park",
    "_over",
)
VERDICTS = ("Verdict",)  # what a check of a strategy says
VARIABLES = ("NOTHING_TO_JUDGE", "fact", "hint", "note", "notes", "reason", "sentence", "trouble")
# Tables and functions whose texts become a sentence, or a part of one.
PLACES = {
    "trading/core/desk.py": ("_candles_closed",),
    "trading/core/guard.py": ("turn",),
    "trading/core/stopping.py": ("day_lost",),
    "trading/risk/limits.py": ("_range",),
    "trading/risk/order.py": ("_out_words", "_part_words", "_quiet_words", "_alike_words", "_wild_words"),
    "trading/risk/rules.py": ("UNKNOWN", "NOT_KNOWN"),
    "trading/risk/account.py": ("_lost_words", "_fall_words"),
    "trading/risk/system.py": ("_worded", "_reason", "_closed_words", "_strange_words"),
    "trading/risks.py": ("_nothing_to_skip",),
    "trading/domain/live.py": ("DUST",),
    "trading/execution/approval.py": ("why", "_ask_again", "work", "reject"),
    "trading/execution/differences.py": ("freeze",),
    "trading/execution/failures.py": ("failed", "against"),
    "trading/execution/killing.py": ("_why_left",),
    "trading/execution/live.py": ("why", "_cancel_all", "_send_waiting"),
    "trading/execution/reconcile.py": ("contradiction", "likely_cause"),
    "trading/execution/reconciler.py": ("_clock", "_sort", "_refuse_strangers", "_hands"),
    "trading/execution/seat.py": ("reasons_against",),
    "trading/execution/sending.py": ("against", "_begin", "_killed", "_too_much"),
    "trading/exchange/fitting.py": ("misfit", "_price", "_cost"),
    "trading/exchange/keys.py": ("fitness", "_untraded", "objection"),
    "trading/exchange/verdict.py": ("_TELL",),
    "bot/ops/seal.py": ("check",),
    "trading/exchange/translate.py": ("_UNKNOWN", "_DEFINITE", "asked"),
    "trading/lab/telling.py": ("notes",),
    "trading/lab/terms.py": ("notes_of",),
    "trading/market/candle_checks.py": ("_RULES", "_place"),
    "trading/market/live.py": ("_trouble", "FeedState"),
    "trading/seating.py": ("check_kind",),
    "trading/service.py": ("health",),
    "trading/store/factors.py": ("_open",),
    "trading/store/audit.py": ("first_wrong", "_against", "not_published", "wrong"),
    "trading/store/trouble.py": ("_SQLITE", "_POSTGRES", "sentence", "in_words"),
    "trading/strategies/__init__.py": ("_blamed", "_checked"),
    "trading/strategies/parameters.py": ("_WANTED", "nearest", "range"),
}
ALWAYS = {"_NOTHING_LOST": _NOTHING_LOST}
SMALL_IN_CODE = "trading/store/trouble.py"  # begins its sentences with a capital at the end


def spoken() -> dict[str, str]:
    """Every English sentence the chat says, and where it stands."""
    found = {text: where for path in modules("bot", "charts") for text, where in _said(path)}
    found |= dict.fromkeys(KEYS, "charts/words.py")
    found |= {text: f"/{command}" for command, text in _descriptions()}
    found |= {text: f"strategy {owner}" for owner, text in _strategies()}
    found |= {limit.help: f"limit {limit.name}" for limit in LIMITS.values()}
    found |= dict.fromkeys(TOPICS, "topics of /notify")
    words = (Side, OrderStatus, Reason, HaltKind, Role, Purpose)
    found |= {member.value: kind.__name__ for kind in words for member in kind}
    found |= dict.fromkeys(GROUPS.values(), "groups of /help")
    for rule in ALERTS.values():
        found |= dict.fromkeys((rule.when, rule.severity.name.lower()), "alert rules")
    safe = Sure(title="", text="", yes="").no.label
    return found | {safe: "Sure", REFUSAL: "dispatcher", PARAMS_HELP: "discord"}


def finished() -> dict[str, str]:
    """Every sentence that trading makes by itself, with `{}` where something is filled in."""
    found: dict[str, str] = {}
    for path in modules("trading", "bot"):
        for node, texts in _made(path):
            found |= {text: f"{name(path)}:{node.lineno}" for text in texts if _says_something(text)}
    found |= dict.fromkeys([kind.value for kind in HaltKind], "HaltKind")
    reasons = [p.default for c in discover().values() for p in c.parameters if p.name == "reason"]
    return found | dict.fromkeys(reasons, "reason of a command")


def _says_something(text: str) -> bool:
    """Words, or what is followed by words; not a number, a range or a list's comma."""
    return bool(LETTERS.search(text)) or text.startswith("{}: {}")


def blank(sentence: str) -> str:
    """The sentence with its names taken out: `There is no file {}.`"""
    return NAME.sub("{}", sentence)


# --- what is said -----------------------------------------------------------------------------------------


def _said(path) -> Iterator[tuple[str, str]]:
    if name(path) in PRINTS:
        return
    for called, call in calls(tree(path)):
        first = call.args[0] if call.args else None
        if called.split(".")[-1] == "say" and isinstance(first, ast.Constant):
            yield first.value, f"{name(path)}:{call.lineno}"
        if called == "sheet.head":  # a picture without a title is named by what it shows
            yield from (
                (text, f"{name(path)}:{call.lineno}") for k in call.keywords for text in templates(k.value)
            )


def _descriptions() -> Iterator[tuple[str, str]]:
    for command in discover().values():
        yield command.name, command.help
        yield from ((command.name, parameter.help) for parameter in command.parameters)


def _strategies() -> Iterator[tuple[str, str]]:
    for strategy in strategies().values():
        yield strategy.name, strategy.summary
        yield from ((strategy.name, parameter.help) for parameter in strategy.parameters)


# --- what arrives finished ------------------------------------------------------------------------------------


def _made(path) -> Iterator[tuple[ast.AST, list[str]]]:
    code, places = tree(path), PLACES.get(name(path), ())
    for called, call in calls(code):
        verb = called.split(".")[-1]
        if verb in (*ERRORS, *ANSWERS):
            yield call, [text for argument in call.args for text in templates(argument)]
        elif verb in HALTS:
            values = [*call.args, *(k.value for k in call.keywords if k.arg in ("reason", "by"))]
            yield call, [text for value in values for text in templates(value)]
        elif verb in VERDICTS:
            yield call, [text for k in call.keywords if k.arg == "sentence" for text in _texts(k.value)]
        elif name(path).startswith("trading/risk/") and verb in ("Rule", "_exposure"):
            yield call, [text for k in call.keywords if k.arg == "reason" for text in templates(k.value)]
    if not name(path).startswith(("trading/", "bot/registry.py", "bot/ops/seal.py")):
        return
    for node in ast.walk(code):
        found: list[str] = []
        if _assigned(node) & {*VARIABLES, *places}:
            found = _texts(node.value)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name in places:
            found = [text for step in node.body if not _is_docstring(step) for text in _texts(step)]
        if found:
            yield node, [_capital(text) for text in found] if name(path) == SMALL_IN_CODE else found


def _assigned(node: ast.AST) -> set[str]:
    match node:
        case ast.Assign(targets=targets):
            return {t.id for t in targets if isinstance(t, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=found), value=ast.expr()):
            return {found}
    return set()


def _texts(node: ast.AST) -> list[str]:
    return [text for found in _strings(node) for text in templates(found)]


def _strings(node: ast.AST) -> Iterator[ast.AST]:
    """The outermost texts in an expression or statement; keys of a table and names of columns are none."""
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        yield node
        return
    children = node.values if isinstance(node, ast.Dict) else ast.iter_child_nodes(node)
    for child in children:
        if not isinstance(child, ast.Lambda | ast.Subscript | ast.Compare):
            yield from _strings(child)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def templates(node: ast.AST) -> list[str]:
    """What an expression can say, `{}` for whatever is filled in; nothing for what is not text."""
    match node:
        case ast.Constant(value=str(text)):
            return [blank(text)]
        case ast.JoinedStr(values=parts):
            inside = [text for p in parts if isinstance(p, ast.FormattedValue) for text in _choices(p.value)]
            return ["".join(_part(p) for p in parts), *inside]
        case ast.IfExp() | ast.BoolOp():
            return _choices(node)
        case ast.BinOp(op=ast.Add(), left=left, right=ast.IfExp(body=hint)):
            return [f"{text}{{}}" for text in templates(left)] + templates(hint)
    return []


def _part(node: ast.AST) -> str:
    """A piece of an f-string; a sentence that is always the same stands in it by its name."""
    match node:
        case ast.Constant(value=text):
            return text
        case ast.FormattedValue(value=ast.Name(id=constant)) if constant in ALWAYS:
            return ALWAYS[constant]
    return "{}"


def _choices(node: ast.AST) -> list[str]:
    """The texts of `a if … else b` and `a or b`."""
    match node:
        case ast.IfExp(body=body, orelse=other):
            return templates(body) + templates(other)
        case ast.BoolOp(values=values):
            return [text for value in values for text in templates(value)]
    return []
