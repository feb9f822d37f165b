"""What a word could be: symbols, strategies, sleeves; offered while somebody types."""

from collections.abc import Awaitable, Callable, Sequence

from bot.dispatcher import PeopleBook
from bot.people import allowed
from bot.registry import Command
from trading.domain.people import Person, Place
from trading.service import Trading

Suggest = Callable[[str, str, str], Awaitable[list[str]]]
MOST = 25  # Discord shows no more


class Suggester:
    """Offers values to people the desk knows; a stranger is offered nothing."""

    def __init__(self, trading: Trading, people: PeopleBook, commands: dict[str, Command]) -> None:
        self._trading, self._people, self._commands = trading, people, commands

    def on(self, platform: str) -> Suggest:
        """What a platform asks: source, what is typed so far, the platform's id of whoever types."""

        async def suggest(source: str, typed: str, user_id: str) -> list[str]:
            place = Place(platform=platform, user_id=user_id, chat_id="", private=True)
            person = await self._people.find(place)
            if person is None or person.account not in self._trading.accounts:
                return []
            return self._matching(source, typed, person)

        return suggest

    def _matching(self, source: str, typed: str, person: Person) -> list[str]:
        known: dict[str, Callable[[], Sequence[str]]] = {
            "symbols": lambda: self._trading.symbols(person.account),
            "strategies": lambda: tuple(self._trading.lab.catalogue()),
            "sleeves": lambda: tuple(self._trading.settings.accounts[person.account].sleeves),
            "archives": lambda: ("archive",),
            "commands": lambda: tuple(allowed(person, self._commands)),
            "accounts": lambda: tuple(name for name in self._trading.accounts if person.roles_on(name)),
        }
        values = known[source]()
        word = typed.lower()
        starting = [v for v in values if v.lower().startswith(word)]
        return (starting + [v for v in values if word in v.lower() and v not in starting])[:MOST]
