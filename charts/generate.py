"""Write what is generated in the chart: its CustomResourceDefinitions, and the table of values in its README.

`python charts/generate.py` writes, `--check` only says what is stale (exit code 1). The table has a row for each value
of values.yaml: its text is the comment in front of it, from `# --` on; a commented object is one row.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from trainsweep.api.crd import stale, write

CHART = Path(__file__).parent / "trainsweep"
DEFINITIONS = CHART / "files" / "crds"
README = CHART / "README.md"
_BEGIN, _END = "<!-- values: generated, see charts/generate.py -->\n", "<!-- end of values -->\n"


def rows(text: str) -> Iterator[tuple[str, Any, str]]:
    """Path, default and text of each value. What lies inside an object with a comment of its own is left out."""
    yield from _rows(yaml.compose(text), yaml.safe_load(text), text.splitlines(), "")


def _rows(node: Any, values: dict[str, Any], lines: list[str], above: str) -> Iterator[tuple[str, Any, str]]:
    for key, nested in node.value:
        value, comment = values[key.value], _comment(lines, key.start_mark.line)
        if comment or not value or not isinstance(nested, yaml.MappingNode):
            yield above + key.value, value, comment
        else:
            yield from _rows(nested, value, lines, f"{above}{key.value}.")


def _comment(lines: list[str], line: int) -> str:
    """The comment right above a line, from its last `# --` on."""
    first = line
    while first > 0 and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    block = " ".join(text.lstrip(" #") for text in lines[first:line])
    return block.rpartition("-- ")[2] if "-- " in block else ""


def table(text: str) -> str:
    lines = ["| value | default | |", "|---|---|---|"]
    for path, value, comment in rows(text):
        default = json.dumps(value, ensure_ascii=False).replace("|", "\\|")
        lines.append(f"| `{path}` | `{default}` | {comment} |")
    return "\n".join(lines) + "\n"


def readme() -> str:
    """The README with a fresh table."""
    before, _, rest = README.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return before + _BEGIN + table((CHART / "values.yaml").read_text()) + _END + after


def main(arguments: list[str]) -> str | None:
    if arguments == ["--check"]:
        old = [f"files/crds/{name}" for name in stale(DEFINITIONS)]
        old += ["README.md"] if README.read_text() != readme() else []
        return f"Not current in {CHART.name}: {', '.join(old)}. Run: make generate" if old else None
    write(DEFINITIONS)
    README.write_text(readme())
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
