"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

NOON = datetime(2024, 8, 5, 12, 0, tzinfo=UTC)


class HandClock:
    """Used like trading.clock.wall_clock: call it for the time. `advance` moves it on, never back."""

    def __init__(self, at: datetime = NOON) -> None:
        self.now = at

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta | float) -> datetime:
        """Move on by a timedelta or by seconds."""
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        assert step >= timedelta(0), "time does not run backwards"
        self.now += step
        return self.now
