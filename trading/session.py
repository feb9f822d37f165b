"""The pump: one event in, the desk decides, its actions go out, and then everybody else hears."""

from collections.abc import Callable, Iterable, Sequence

import structlog

from trading.core.desk import Desk
from trading.domain.actions import Action, Publish
from trading.domain.events import CandlesClosed, DeskEvent, Event, News
from trading.execution.port import Executor

log = structlog.get_logger("session")

Listener = Callable[[Event], None]


class Session:
    """One account at work. `step` is the only entrance, for the live session as for a backtest."""

    def __init__(
        self, desk: Desk, executor: Executor, ink: Listener, listeners: Sequence[Listener] = ()
    ) -> None:
        """`ink` writes down what happened: when it fails, the step fails. The others are heard on their own risk."""
        self.desk, self.executor = desk, executor
        self._ink, self._listeners = ink, tuple(listeners)

    def step(self, event: DeskEvent) -> None:
        """Everything that follows from one event has happened when this returns."""
        for earlier in self.executor.before(event):
            self._enter(earlier)
        if isinstance(event, CandlesClosed):
            while actions := self.desk.touched(event):
                self._carry_out(actions)
        self._enter(event)

    def recover(self) -> None:
        """After a failed step: an order the executor never heard of is not out, and must not keep others waiting."""
        self.desk.orders.forget_unsent(self.executor.known)

    def _enter(self, event: DeskEvent) -> None:
        actions = self.desk.on(event)
        self._tell(event)
        self._carry_out(actions)

    def _carry_out(self, actions: Iterable[Action]) -> None:
        for action in actions:
            if isinstance(action, Publish):
                self._tell(action.news)
                continue
            for result in self.executor.take(action):
                self._enter(result)

    def tell(self, news: News) -> None:
        """Something happened beside the desk: it is written down and everybody who listens hears of it."""
        self._tell(news)

    def _tell(self, event: Event) -> None:
        self._ink(event)
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                log.exception("listener_failed", event=type(event).__name__)
