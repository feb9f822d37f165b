"""`python -m bench` measures everything; `python -m bench tick` one file of this folder."""

import asyncio
import importlib
import pkgutil
import sys

import bench


def run(names: list[str]) -> int:
    """Measure each named file; without names, all of them."""
    known = [m.name for m in pkgutil.iter_modules(bench.__path__) if not m.name.startswith("_")]
    unknown = [name for name in names if name not in known]
    if unknown:
        print(
            f"There is nothing to measure named {unknown[0]}; there is {', '.join(known)}.", file=sys.stderr
        )
        return 1
    for name in names or known:
        module = importlib.import_module(f"bench.{name}")
        print(f"\n== {name}: {(module.__doc__ or '').splitlines()[0]}")
        asyncio.run(module.main())
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
