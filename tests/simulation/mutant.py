"""How a fault is put into the executor on purpose, and taken out again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Change = tuple[Any, str, Any]
MUTANTS: dict[str, Callable[[], list[Change]]] = {}


def mutant(make: Callable[[], list[Change]]) -> Callable[[], list[Change]]:
    """Register; the function's name, with spaces, is what the mutant is called."""
    MUTANTS[make.__name__.replace("_", " ")] = make
    return make


@contextmanager
def put_in(name: str) -> Iterator[None]:
    """The executor with this fault, until the end of the block."""
    changes = MUTANTS[name]()
    before = [(owner, attribute, getattr(owner, attribute)) for owner, attribute, _ in changes]
    for owner, attribute, value in changes:
        setattr(owner, attribute, value)
    try:
        yield
    finally:
        for owner, attribute, value in before:
            setattr(owner, attribute, value)
