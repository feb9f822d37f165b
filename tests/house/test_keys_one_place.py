"""Keys are opened in few places, and those that trade are asked for by one: what trades real money."""

import ast

import pytest

from tests.house.code import ROOMS, calls, dotted, imports_of, modules, name, tree

CODE = modules(*ROOMS, "main.py")
SEALERS = {"trading/store/vault.py", "trading/store/factors.py"}  # exchange keys, second factors
# What may hold an opened key: the way to the exchange of an account that trades real money.
OPENERS = {"trading/safe.py", "trading/seating.py"}
TRADERS = {"trading/seating.py", "bot/commands/keys.py"}  # name the purpose; the second only to store one


def where(rule) -> set[str]:
    return {name(path) for path in CODE if rule(tree(path))}


def opens_envelopes(code) -> bool:
    return bool(imports_of(code, "trading.store.envelope"))


def asks_for_keys(code) -> bool:
    return any(called.split(".")[-1] == "credentials" for called, _ in calls(code))


def names_the_trading_purpose(code) -> bool:
    return any(isinstance(node, ast.Attribute) and dotted(node) == "Purpose.TRADE" for node in ast.walk(code))


def test_envelopes_are_sealed_and_opened_in_two_places():
    assert where(opens_envelopes) == SEALERS


def test_keys_are_asked_for_by_what_talks_to_exchanges_only():
    assert where(asks_for_keys) <= OPENERS


def test_a_key_that_trades_is_named_by_what_trades_real_money_only():
    assert where(names_the_trading_purpose) <= TRADERS


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (opens_envelopes, "from trading.store.envelope import open_"),
        (asks_for_keys, "await safe.vault.credentials('main', purpose)"),
        (names_the_trading_purpose, "x = Purpose.TRADE"),
    ],
)
def test_what_is_looked_for_is_seen(rule, text):
    assert rule(ast.parse(text))
