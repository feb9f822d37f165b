"""Who may do what: the one declared table. The code is checked against it, and the READMEs show it."""

from dataclasses import dataclass

from trading.domain.people import Role

LETTERS = dict(zip("OATPVU", Role, strict=True))  # owner, admin, trader, approver, viewer, auditor

# roles   which roles count   steps   commands
#   account: those on the account the person means; house: those on every account; any: those on any account
#   -: none;  S: a second step, always;  s: a second step for what raises risk;  2: a second owner, too
TABLE = """
OATPVU    any       -    start help whoami version accounts health
OATPVU    any       -    use link notify language zone theme quiet sessions code
OATPVU    any       s    totp
OATPVU    account   -    status strategies
OTPVU     account   -    balance positions orders trades trade profit daily weekly monthly performance
OTPVU     account   -    equity drawdown chart compare alerts panel
OTPVU     account   -    report export
OTPVU     account   -    risk why var correlation stress calendar halts
OTPVU     account   s2   limits
OTV       account   -    backtest optimise biascheck honesty jobs stop-job again data
OTPV      any       -    approve reject
OTPVU     account   -    cards parked
OT        account   -    reconcile
OATP      account   -    drill
O         account   -    adopt explain
O         account   S    resolve
O         account   -    replay
OT        account   -    download
OT        account   -    enable disable set resume rebalance
OT        account   s2   mode
OATP      account   -    pause ack snooze
OATP      any       -    kill
O         any       S2   unkill
OT        any       -    account shadow
OA        any       S2   invite
OAU       any       s2   people
O         account   s    delegate
O         any       S    agree
OATU      any       -    keys
OT        any       -    keys-remove
OT        any       S2   keys-add
O         house     -    keys-rotate
OAU       house     -    audit logs errors
"""


@dataclass(frozen=True, slots=True)
class Right:
    """One command's row."""

    roles: frozenset[Role]
    scope: str
    step: str  # "", "always" or "sometimes"
    two: bool


def rows() -> list[tuple[Right, list[str]]]:
    """The table, line by line."""
    found = []
    for line in TABLE.strip().splitlines():
        letters, scope, steps, *names = line.split()
        step = {"S": "always", "s": "sometimes"}.get(steps[0], "")
        roles = frozenset(LETTERS[letter] for letter in letters)
        found.append((Right(roles, scope, step, steps.endswith("2")), names))
    return found


def rights() -> dict[str, Right]:
    """By command."""
    return {name: right for right, names in rows() for name in names}


HEADS = {
    "README.md": "| | owner | admin | trader | approver | viewer | auditor |",
    "README.ko.md": "| | 소유자 | 관리자 | 트레이더 | 승인자 | 조회자 | 감사자 |",
}


def rendered(head: str) -> str:
    """The table as a README shows it."""
    lines = [head, "|---|---|---|---|---|---|---|"]
    for right, names in rows():
        mark = {"": "●", "always": "S", "sometimes": "●S"}[right.step] + ("2" if right.two else "")
        marks = " | ".join(mark if role in right.roles else " " for role in Role)
        house = " *" if right.scope == "house" else ""
        lines.append(f"| {' '.join(f'`/{name}`' for name in names)}{house} | {marks} |")
    return "\n".join(lines)
