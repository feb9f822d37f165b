"""What the tests of pictures share."""

import gc

import pytest


@pytest.fixture(autouse=True, scope="module")
def _what_was_there_before_is_not_swept():
    """So that sweeping after each test looks only at what the module has made, and takes milliseconds."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _figures_are_let_go():
    """A figure refers to itself: without a sweep the megabytes of hundreds of them would lie about."""
    yield
    gc.collect()
