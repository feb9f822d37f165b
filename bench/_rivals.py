"""What others took for the same work, and what we set out to take: recorded figures, in seconds.

The others were measured once, each by itself on an idle machine with two cores (x86-64, Python 3.11; NautilusTrader 2
on 3.13), in process and without loading; all of them ended at the same equity. They are not measured again here: the
bare compiled loop, which is, says how fast this machine is just now.
"""

from typing import NamedTuple


class Mark(NamedTuple):
    """A target, and the best of the others."""

    target: float
    rival: str = ""
    took: float = 0.0


MARKS = {
    "W1 desk": Mark(0.5, "NautilusTrader 2.0 rc", 3.31),
    "W1 gear": Mark(0.01, "vectorbt 1.2, warm", 0.065),
    "W1 plain": Mark(1.0, "backtesting.py 0.6.6", 3.49),
    "W1 process": Mark(2.0, "vectorbt 1.2, Rust engine", 2.98),
    "W2 desk": Mark(5.0, "basana 1.11", 55.5),
    "W3 gear": Mark(0.06, "vectorbt 1.2", 1.25),
    "W4 desk": Mark(1.0, "backtesting.py 0.6.6", 5.03),
    "W4 gear": Mark(0.02, "vectorbt 1.2, warm", 0.074),
    "W5 process": Mark(3.0),
}


def said(work: str, seconds: float) -> str:
    """`target 500 ms; 7.2 x faster than NautilusTrader 2.0 rc (recorded)`; nothing for other work."""
    mark = MARKS.get(work)
    if mark is None:
        return ""
    words = [f"{'within' if seconds <= mark.target else 'BEYOND'} its target of {mark.target * 1e3:g} ms"]
    if mark.rival:
        words.append(f"{mark.took / seconds:.1f} x as fast as {mark.rival} (recorded)")
    return "; ".join(words)
