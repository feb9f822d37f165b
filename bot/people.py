"""Groups of roles, as commands name them. The table behind them is in README.md ("Who may do what")."""

from trading.domain.people import Role

EVERYONE = frozenset(Role)
READERS = frozenset({Role.OWNER, Role.TRADER, Role.APPROVER, Role.VIEWER, Role.AUDITOR})
RESEARCHERS = frozenset({Role.OWNER, Role.TRADER, Role.VIEWER})
TRADERS = frozenset({Role.OWNER, Role.TRADER})
STOPPERS = frozenset({Role.OWNER, Role.ADMIN, Role.TRADER, Role.APPROVER})
OPERATORS = frozenset({Role.OWNER, Role.ADMIN, Role.AUDITOR})
OWNERS = frozenset({Role.OWNER})
