"""Shadow: writes down what would have been sent, and follows it as if it had been."""

from trading.execution.sim import Simulated


class Recorded(Simulated):
    """The shadow twin of a strategy: no order leaves, every one is recorded with the price it would have met."""

    note = "shadow: recorded, not sent"
