"""The parts that pages of proof are made of: one file each, nothing is fetched, no script runs. Pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,Helvetica,Arial,sans-serif;max-width:932px;margin:2rem auto;padding:0 16px}
body{color:#1f2328;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #d8dee4}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:3px 12px 3px 0;border-bottom:1px solid #d8dee4}
code,pre{font:13px ui-monospace,Menlo,Consolas,monospace}
pre{padding:10px;background:#f6f8fa;overflow-x:auto}.verdict{padding:10px 14px;border-left:6px solid;font-size:1.1rem}
.valid{color:#1a7f37}.unknown{color:#9a6700}.invalid{color:#cf222e}
@media (prefers-color-scheme:dark){body{color:#f0f6fc;background:#0d1117}h2,th,td{border-color:#30363d}pre{background:#161b22}
.valid{color:#56d364}.unknown{color:#e3b341}.invalid{color:#ff7b72}}
"""


def document(title: str, parts: Iterable[str]) -> str:
    """A whole page."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def section(title: str, body: str) -> str:
    """A heading, and what stands below it."""
    return f"<h2>{escape(title)}</h2>\n{body}"


def pairs(told: Iterable[tuple[str, str]]) -> str:
    """Names and values, as text."""
    return table((), [(f"<b>{escape(name)}</b>", escape(value)) for name, value in told])


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are HTML already."""
    head = f"<tr>{''.join(f'<th>{escape(each)}</th>' for each in header)}</tr>" if header else ""
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{head}\n{body}</table>"
