"""What the stories of stops share: what rests and was sold at the exchange, and a position with its stop there."""

from decimal import Decimal

from trading.domain.order import Side
from trading.domain.protection import Protection

FIVE = Protection(stop=0.05)


def resting(world):
    """Amount and level of every stop that sleeps at the exchange."""
    return [(r.order.amount, r.stop) for r in world.stops]


def sales(world):
    return [o.order for o in world.orders.values() if o.order.side is Side.SELL]


def sold(world):
    return sum((o.filled for o in sales(world)), Decimal(0))


async def bought(desk, exposure=1.0):
    """Holding BTC, with its stop at the exchange."""
    desk.close(exposure=exposure)
    await desk.until(lambda: desk.held and desk.world.stops)
    return desk.held
