"""The door: everything a chat may ask of trading, one sentence a person would say per method."""


class Trading:
    """All accounts of this house."""

    def header(self, account: str) -> str:
        """Mode and account, as every message starts."""
        raise KeyError(account)
