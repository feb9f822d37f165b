"""Dependencies point one way: main, bot, charts, trading; and the pure rooms know no world."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.code import ROOT, calls, imports, imports_of, modules, name, tree

# Rooms where the same input gives the same output, whatever the clock and the world do ...
PURE_ROOMS = ("domain", "strategies", "core", "portfolio", "risk", "analysis")
# ... and single files of other rooms that keep the same promise.
PURE_FILES = (
    "trading/indicators.py",
    "trading/market/aggregate.py",
    "trading/exchange/translate.py",
    "trading/execution/reconcile.py",
    "trading/lab/compiled.py",
    "trading/lab/walkforward.py",
)
PURE = modules(*(f"trading/{room}" for room in PURE_ROOMS)) + [
    ROOT / file for file in PURE_FILES if (ROOT / file).exists()
]

IMPURE = ("asyncio", "ccxt", "sqlmodel", "sqlalchemy", "aiohttp", "logging", "structlog", "time", "random")
CLOCKS = ("now", "utcnow", "today")

# What the bot may know of trading: the door, plain data, and the settings.
DOOR = ("trading.service", "trading.domain", "trading.settings")
COMPOSITION_ROOT = "bot/app.py"  # builds everything by hand, so it may name everything


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=name)


def test_every_import_contract_is_kept():
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr


@each(modules("trading"))
def test_trading_knows_nothing_of_bot_charts_and_migrations(path):
    assert not [
        module
        for module in imports(tree(path))
        if module.split(".")[0] in {"bot", "charts", "migrations", "main"}
    ]


@each(modules("charts"))
def test_charts_know_only_plain_data(path):
    assert imports_of(tree(path), "bot") == set()
    assert strangers(tree(path), ("trading.domain",)) == set()


@each([path for path in modules("bot") if name(path) != COMPOSITION_ROOT])
def test_the_bot_talks_to_trading_through_its_door(path):
    assert strangers(tree(path), DOOR) == set()


@each(modules("bot", "charts", "migrations", "trading"))
def test_nothing_imports_main(path):
    assert imports_of(tree(path), "main") == set()


@each(modules("bot", "charts", "migrations", "trading", "main.py"))
def test_imports_are_absolute(path):
    assert not [module for module in imports(tree(path)) if module.startswith(".")]


@each(PURE)
def test_pure_code_imports_no_world(path):
    assert not [module for module in imports(tree(path)) if module.split(".")[0] in IMPURE]


@each(PURE)
def test_pure_code_never_asks_for_the_time(path):
    assert asks_for_the_time(tree(path)) == []


def test_only_indicators_know_the_indicator_library():
    users = [
        name(path)
        for path in modules("bot", "charts", "trading")
        if imports_of(tree(path), "pandas_ta_classic")
    ]

    assert users == ["trading/indicators.py"]


# --- the rules can see ------------------------------------------------------------------------------------


def strangers(code: ast.AST, allowed: tuple[str, ...]) -> set[str]:
    """Modules of trading that are imported although they are not among the allowed ones."""
    asked = imports_of(code, "trading") - {"trading"}
    return {module for module in asked if not any(f"{module}.".startswith(f"{one}.") for one in allowed)}


def asks_for_the_time(code: ast.AST) -> list[str]:
    return [called for called, _ in calls(code) if called.split(".")[-1] in CLOCKS]


@pytest.mark.parametrize(
    "text",
    [
        "import trading.store.tables",
        "from trading.store import tables",
        "from trading import store",
        "def f():\n    from trading.domain_secrets import x",
        "from trading.service_helpers import x",
    ],
)
def test_a_way_around_the_door_is_seen(text):
    assert strangers(ast.parse(text), DOOR)


def test_the_door_itself_is_open():
    text = "from trading.service import Trading\nfrom trading import domain\nimport trading.domain.market"

    assert strangers(ast.parse(text), DOOR) == set()


@pytest.mark.parametrize(
    "text", ["datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()", "pd.Timestamp.now()"]
)
def test_every_way_to_ask_for_the_time_is_seen(text):
    assert asks_for_the_time(ast.parse(text))
