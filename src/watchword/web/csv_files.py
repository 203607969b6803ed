"""Tables as CSV files that a spreadsheet opens without running anything in them."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence

BYTE_ORDER_MARK = "\ufeff"
"""Without it, Excel reads UTF-8 as something else."""
# A cell that begins so is a formula to a spreadsheet. https://owasp.org/www-community/attacks/CSV_Injection
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(value: object) -> str:
    """Return a cell's text; what a spreadsheet would run is marked as text."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULAS) else text


def csv_line(cells: Iterable[object]) -> str:
    """Return one line of a file (RFC 4180)."""
    line = io.StringIO()
    csv.writer(line).writerow(harmless(cell) for cell in cells)
    return line.getvalue()


async def csv_file(
    head: Sequence[str], rows: AsyncIterator[Sequence[object]]
) -> AsyncIterator[bytes]:
    """Return a whole file, line by line."""
    yield (BYTE_ORDER_MARK + csv_line(head)).encode()
    async for row in rows:
        yield csv_line(row).encode()
