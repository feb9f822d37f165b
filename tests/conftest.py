"""What every test may use, and the promise that continuous integration skips nothing."""

import os

import pytest
from hypothesis import settings

from bot.ops import redact
from tests.fakes.clock import HandClock

settings.register_profile("patient", parent=settings(), deadline=None)  # a busy machine is no mistake of ours
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _no_secrets_of_earlier_tests():
    """What a test registered as secret is none in the next; the pattern that hides them stays small."""
    yield
    redact.forget()


@pytest.fixture
def clock() -> HandClock:
    """A clock at noon, moved by hand."""
    return HandClock()


def _nothing_is_skipped() -> bool:
    return os.environ.get("CI", "").lower() in ("1", "true")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    report = yield
    needs = [name for name in ("browser", "postgres") if item.get_closest_marker(name)]
    if report.skipped and needs and not hasattr(report, "wasxfail") and _nothing_is_skipped():
        report.outcome = "failed"
        report.longrepr = (
            f"{item.nodeid} needs {needs[0]}, which must not be missing in CI: {_why(report.longrepr)}"
        )
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    report = yield
    if report.outcome == "skipped" and _nothing_is_skipped():
        report.outcome = "failed"
        report.longrepr = (
            f"{collector.nodeid} was skipped as a whole, which must not be in CI: {_why(report.longrepr)}"
        )
    return report


def _why(longrepr: object) -> str:
    return str(longrepr[2] if isinstance(longrepr, tuple) else longrepr)
