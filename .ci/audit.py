"""`make audit`: is what is installed what was locked, untouched, and free of known weaknesses? Or: not audited."""

import base64
import hashlib
import importlib.metadata
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CANARY = "pyyaml==5.3"  # known to be vulnerable for years: a database that does not say so was not reached
GOOD, BAD, UNKNOWN = 0, 1, 2
STARTERS = ("_virtualenv.pth",)  # what makes an environment; no wheel brings it

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


def main(uv: str, run: Run) -> int:
    """All four questions; 0 when every answer is good, 1 when one is bad, 2 when one could not be had."""
    worst = GOOD
    for ask in (
        lock_is_whole,
        lambda: is_as_locked(uv, run),
        files_are_untouched,
        lambda: no_known_weakness(uv, run),
    ):
        verdict, sentence = ask()
        print({GOOD: "ok  ", BAD: "BAD ", UNKNOWN: "NOT AUDITED "}[verdict] + sentence)
        worst = BAD if BAD in (worst, verdict) else max(worst, verdict)
    return worst


# --- what was locked ----------------------------------------------------------------------------------------


def lock_is_whole(lock: Path = ROOT / "uv.lock") -> tuple[int, str]:
    """Every package comes from one registry over TLS, as a wheel, and every file of it has a SHA-256."""
    packages = [p for p in tomllib.loads(lock.read_text())["package"] if "editable" not in p["source"]]
    wrong = [f"{p['name']}: {why}" for p in packages if (why := _wrong_with(p))]
    registries = {p["source"].get("registry", "") for p in packages}
    if len(registries) != 1 or not next(iter(registries)).startswith("https://"):
        wrong.append("packages come from several places, or not over https")
    if wrong:
        return BAD, f"lock: {'; '.join(wrong[:5])}"
    return GOOD, f"lock: {len(packages)} packages, every file with its SHA-256, none to be built"


def _wrong_with(package: dict[str, Any]) -> str:
    files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
    if not package.get("wheels"):
        return "has no wheel, so installing it would run its code"
    if any(not file.get("hash", "").startswith("sha256:") for file in files):
        return "has a file without a SHA-256"
    return ""


def is_as_locked(uv: str, run: Run) -> tuple[int, str]:
    """The environment has exactly the locked versions of what it has."""
    done = run([uv, "sync", "--frozen", "--check", "--inexact", "--no-install-project", *_everything()])
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["uv said nothing"])[-1]
        return BAD, f"environment: not as uv.lock says ({said}); make setup mends it"
    return GOOD, "environment: as uv.lock says"


def _everything() -> list[str]:
    return ["--all-extras", "--all-groups"]


# --- what lies on the disk ----------------------------------------------------------------------------------


def files_are_untouched(site: Sequence[str] | None = None) -> tuple[int, str]:
    """Every installed file is, byte for byte, the one its wheel recorded."""
    found = importlib.metadata.distributions(path=list(site)) if site else importlib.metadata.distributions()
    count, wrong, starters = 0, [], set()
    for package in found:
        starters |= {Path(str(package.locate_file(f))) for f in package.files or () if f.suffix == ".pth"}
        for path, expected in _recorded(package):
            count += 1
            if _sha256(path) != expected:
                wrong.append(f"{package.name}: {path}")
    folders = {Path(folder) for folder in site or sys.path if Path(folder).name == "site-packages"}
    strange = {path for folder in folders for path in folder.glob("*.pth")} - starters
    wrong += [f"nobody's {path}, which runs at every start" for path in strange if path.name not in STARTERS]
    if wrong:
        return BAD, f"files: {len(wrong)} are not as their wheels recorded them, first {wrong[0]}"
    return GOOD, f"files: {count:,} are as their wheels recorded them"


def _recorded(package: importlib.metadata.Distribution) -> Iterator[tuple[Path, str]]:
    for file in package.files or ():
        if file.hash is not None and file.hash.mode == "sha256":
            yield Path(str(package.locate_file(file))), file.hash.value


def _sha256(path: Path) -> str:
    try:
        digest = hashlib.sha256(path.read_bytes()).digest()
    except OSError:
        return "missing"
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


# --- what others know of it ---------------------------------------------------------------------------------


def no_known_weakness(uv: str, run: Run) -> tuple[int, str]:
    """Ask an advisory database, and believe it only when it knows the canary."""
    canary = _asked(run, f"{CANARY}\n", "--no-deps")
    if canary is None or not any(one.get("vulns") for one in canary):
        return UNKNOWN, (
            f"advisories: no database could be asked (it should have known {CANARY}); run this with a network"
        )
    locked = run([uv, "export", "--frozen", "--no-emit-project", "--quiet", *_everything()])
    answers = _asked(run, locked.stdout, "--require-hashes") if locked.returncode == 0 else None
    skipped = [one["name"] for one in answers or () if "skip_reason" in one]
    if not answers or skipped:
        return (
            UNKNOWN,
            f"advisories: nothing was said about {', '.join(skipped[:5]) or 'the locked packages'}",
        )
    weak = [
        f"{one['name']} {one['version']} ({one['vulns'][0]['id']})" for one in answers if one.get("vulns")
    ]
    if weak:
        return (
            BAD,
            f"advisories: {len(weak)} of {len(answers)} packages are known to be weak: {', '.join(weak)}",
        )
    return GOOD, f"advisories: nothing is known against {len(answers)} packages (the database knew {CANARY})"


def _asked(run: Run, requirements: str, *how: str) -> list[dict[str, Any]] | None:
    """What the database says of each requirement; None when it could not be asked."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(requirements)
        file.flush()
        audit = str(Path(sys.executable).with_name("pip-audit"))
        quiet = ("--disable-pip", "--progress-spinner", "off", "--format", "json")
        done = run([audit, "-r", file.name, *quiet, *how])
    try:
        return list(json.loads(done.stdout)["dependencies"])
    except (ValueError, KeyError):
        return None


def _really(words: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own words


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "uv", _really))
