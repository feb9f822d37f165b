"""What is said about settings that are refused."""

import pytest

from trading.domain.errors import SettingsError
from trading.settings import load


def refusal(environ=None, path=None):
    """The sentence with which these settings are refused."""
    with pytest.raises(SettingsError) as refused:
        load(path, environ or {})
    return refused.value.tell
