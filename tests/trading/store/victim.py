"""A desk to be killed: writes a tick after the other and says each number once the store says it is kept."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from trading.domain.order import Fill, Reason, Side
from trading.domain.report import EquityPoint
from trading.store.store import Step, Store

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
ACCOUNTS = ("ann", "bob")


def step(account: str, n: int) -> Step:
    at = BEGIN + timedelta(minutes=n)
    fill = Fill(
        id=str(n),
        client_id=f"tw-{n}",
        sleeve="ema_cross",
        symbol="BTC/USDT",
        side=Side.BUY,
        amount=Decimal(1),
        price=Decimal(100),
        fee=Decimal("0.1"),
        fee_currency="USDT",
        at=at,
        reason=Reason.SIGNAL,
    )
    filler = "x" * (n % 7 * 3000)  # so that the log grows and is checkpointed now and then
    return Step(
        account=account,
        at=at,
        fills=(fill,),
        equity=EquityPoint(at, float(n)),
        snapshot={"n": n, "filler": filler},
    )


async def main(url: str) -> None:
    store = await Store.open(url, lambda: datetime.now(UTC))
    kept = await store.snapshot(ACCOUNTS[0])
    n = kept[1]["n"] if kept else 0
    while True:
        n += 1
        await store.write([step(account, n) for account in ACCOUNTS])
        print(n, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
