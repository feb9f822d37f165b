"""Some things are done in one place only, so that one place can be trusted with them."""

import ast
from collections import Counter

import pytest

from tests.house.code import ROOMS, calls, dotted, modules, name, tree

CODE = modules(*ROOMS, "main.py")

# Where a task is started, how often, and why it cannot outlive what started it.
TASKS = {
    "bot/nursery.py": (1, "the place for it: keeps, watches and ends every background task"),
    "bot/web/lines.py": (1, "a line from a page; kept in a set that the server ends"),
    "bot/web/server.py": (1, "uvicorn itself; awaited in the function that starts it"),
    "trading/lab/queue.py": (
        1,
        "one step of a job; awaited, or cancelled and awaited, in the function that starts it",
    ),
    "trading/exchange/stream.py": (1, "one connection; cancelled and awaited in the function that starts it"),
}
# Where any error is caught, and why nothing narrower will do.
CATCHALLS = {
    "bot/dispatcher.py": "whatever a command does wrong, its asker gets an answer",
    "bot/nursery.py": "whatever a background task does wrong, the others go on",
    "trading/build.py": "whatever breaks in one account's desk, it buys nothing more and the other accounts go on",
    "trading/keeper.py": "whatever keeps the journal from being written, entries close and it is tried again",
    "trading/running.py": "whatever keeps one account from coming up, the others come up and it is tried again",
    "trading/strategies/__init__.py": "whatever a strategy does wrong is told as its failure, and the others go on",
    "trading/session.py": "whatever a listener does wrong, the desk and the other listeners go on",
}
# Programs that answer on a terminal; everything else logs or replies.
PRINTERS = ("main.py", "bot/platforms/terminal.py", "migrations/__main__.py")


def test_only_the_gate_clears_orders():
    assert where(clears) == {"trading/risk/gate.py": 1}


def test_background_tasks_are_started_in_few_known_places():
    started = where(starts_a_task)

    assert started == {file: count for file, (count, _) in TASKS.items() if file in started}


def test_every_error_is_caught_in_few_known_places():
    caught = where(catches_everything)

    assert set(caught) <= set(CATCHALLS)
    assert set(caught.values()) <= {1}


def test_only_the_table_of_modes_asks_for_the_mode():
    assert set(where(compares_the_mode)) <= {"trading/modes.py"}


def test_only_programs_print():
    assert set(where(prints)) <= set(PRINTERS)


# --- what is looked for -----------------------------------------------------------------------------------


def where(rule) -> dict[str, int]:
    """How often each file does it."""
    return dict(Counter({name(path): len(list(rule(tree(path)))) for path in CODE}) - Counter())


def clears(code):
    return [call for called, call in calls(code) if called.split(".")[-1] == "Cleared"]


def starts_a_task(code):
    """Tasks of a task group end with its block, and those of a chat library's application with it."""
    groups = {
        item.optional_vars.id
        for node in ast.walk(code)
        if isinstance(node, ast.AsyncWith)
        for item in node.items
        if isinstance(item.optional_vars, ast.Name) and dotted_call(item.context_expr) == "asyncio.TaskGroup"
    }
    for called, call in calls(code):
        owner, _, verb = called.rpartition(".")
        if verb == "ensure_future" or (
            verb == "create_task" and owner not in groups and owner.split(".")[-1] != "app"
        ):
            yield call


def dotted_call(node):
    return dotted(node.func) if isinstance(node, ast.Call) else ""


def catches_everything(code):
    """Handlers for any error at all, unless they raise it again."""
    for node in ast.walk(code):
        if not isinstance(node, ast.ExceptHandler) or raises_again(node.body[-1]):
            continue
        if node.type is None or names(node.type) & {"Exception", "BaseException"}:
            yield node


def raises_again(last):
    return isinstance(last, ast.Raise) and last.exc is None


def names(node):
    return {dotted(part).split(".")[-1] for part in (node.elts if isinstance(node, ast.Tuple) else [node])}


MODES = {"backtest", "shadow", "paper", "canary", "live"}


def compares_the_mode(code):
    """`x is Mode.LIVE`, `case Mode.LIVE:`, `account.mode == "live"`, `mode in ("paper", "live")`."""
    for node in ast.walk(code):
        if isinstance(node, ast.MatchValue) and is_mode(node.value):
            yield node
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            parts = [
                part
                for side in sides
                for part in (side.elts if isinstance(side, ast.Tuple | ast.Set | ast.List) else [side])
            ]
            about_modes = any(dotted(part).split(".")[-1].endswith("mode") for part in parts)
            if any(map(is_mode, parts)) or (about_modes and any(is_mode_word(part) for part in parts)):
                yield node


def is_mode(node):
    return (
        isinstance(node, ast.Attribute)
        and dotted(node.value).split(".")[-1] == "Mode"
        and node.attr.lower() in MODES
    )


def is_mode_word(node):
    return isinstance(node, ast.Constant) and node.value in MODES


def prints(code):
    return [call for called, call in calls(code) if called == "print"]


# --- the rules can see ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (clears, "risk.Cleared(intent)"),
        (starts_a_task, "asyncio.create_task(work())"),
        (starts_a_task, "asyncio.get_running_loop().create_task(work())"),
        (starts_a_task, "ensure_future(work())"),
        (catches_everything, "try:\n    x\nexcept Exception as error:\n    pass"),
        (catches_everything, "try:\n    x\nexcept (KeyError, BaseException):\n    pass"),
        (catches_everything, "try:\n    x\nexcept:\n    pass"),
        (compares_the_mode, "account.mode == 'live'"),
        (compares_the_mode, "if settings.trading_mode in (Mode.CANARY, Mode.LIVE): pass"),
        (compares_the_mode, "match mode:\n    case Mode.LIVE:\n        pass"),
        (compares_the_mode, "mode not in {'paper', 'shadow'}"),
        (prints, "print('x')"),
    ],
)
def test_what_is_forbidden_is_seen(rule, text):
    assert list(rule(ast.parse(text)))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (
            starts_a_task,
            "async def f():\n    async with asyncio.TaskGroup() as group:\n        group.create_task(work())",
        ),
        (catches_everything, "try:\n    x\nexcept (KeyError, OSError):\n    pass"),
        (catches_everything, "try:\n    x\nexcept BaseException:\n    tidy()\n    raise"),
        (compares_the_mode, "Mode.LIVE"),
        (compares_the_mode, "precision_mode == TICK_SIZE"),
        (prints, "console.print('x')"),
    ],
)
def test_what_is_allowed_is_left_alone(rule, text):
    assert not list(rule(ast.parse(text)))
