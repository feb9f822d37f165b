"""What can go wrong, in five words; each carries one sentence a person can act on."""


class TradingError(Exception):
    """Base of all errors we plan for. `tell` is one sentence: what was wrong, what was found, what is right."""

    @property
    def tell(self) -> str:
        return str(self)


class SettingsError(TradingError):
    """The settings are wrong; the start stops here."""


class Refused(TradingError):
    """A person asked for what may not be; shown to them as it is."""


class ExchangeSaidNo(TradingError):
    """A definite no from the exchange: nothing was placed."""


class Uncertain(TradingError):
    """Nobody knows whether it happened: look it up, never repeat it."""


class Broken(TradingError):
    """An invariant failed: halt, call a person, keep the evidence."""
