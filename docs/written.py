"""What each script that writes pages does at its end: write them, or with `--check` say which are stale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]


def settle(arguments: list[str], wanted: Mapping[Path, str], there: Iterable[Path] = ()) -> str | None:
    """`wanted` holds the text of each file; a file that is `there` and not wanted is stale. The answer is for
    `sys.exit`.
    """
    if arguments == ["--check"]:
        found = {path: path.read_text(encoding="utf-8") for path in {*wanted, *there} if path.exists()}
        stale = sorted(path for path in wanted.keys() | found.keys() if wanted.get(path) != found.get(path))
        names = ", ".join(path.relative_to(ROOT).as_posix() for path in stale)
        return f"Not current: {names}. Run: make generate" if stale else None
    for path, text in wanted.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return None
