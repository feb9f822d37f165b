"""The project's own code as data, for tests that read it."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("bot", "charts", "migrations", "trading")


def modules(*places: str) -> list[Path]:
    """Every Python file in these files and folders. A place that does not exist has none."""
    found: list[Path] = []
    for place in places:
        path = ROOT / place
        found += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return found


def tracked() -> list[Path]:
    """Every file that is under version control; all files, where there is none."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode == 0:
        return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]
    hidden = {".venv", ".tools", ".git", "data", "__pycache__"}
    return [
        path for path in ROOT.rglob("*") if path.is_file() and not hidden & set(path.relative_to(ROOT).parts)
    ]


def name(path: Path) -> str:
    """The path as people write it: `trading/risk/gate.py`."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(code: ast.AST) -> set[str]:
    """Every module imported anywhere in the code, inside functions too: `a.b` for `from a import b`."""
    found: set[str] = set()
    for node in ast.walk(code):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def imports_of(code: ast.AST, package: str) -> set[str]:
    """The imports that are `package` or inside it."""
    return {module for module in imports(code) if module == package or module.startswith(f"{package}.")}


def calls(code: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call with the dotted name of what is called; `?` stands for what is no plain name."""
    for node in ast.walk(code):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def dotted(node: ast.AST) -> str:
    """`asyncio.create_task` for the expression that says so."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{dotted(node.value)}.{node.attr}"
    return "?"
