"""A tenant's own style sheet for its pages: it may change how they look, and reach nobody."""

import re
from dataclasses import dataclass
from functools import lru_cache

STRING_OR_COMMENT = re.compile(
    r"""(/\*.*?(?:\*/|\Z)|"(?:[^"\\\n]|\\.)*(?:["\n]|\Z)|'(?:[^'\\\n]|\\.)*(?:['\n]|\Z))""",
    re.DOTALL,
)
NEWLINE = re.compile(r"\r\n|[\r\f]")
"""What browsers take for a line's end besides the usual one."""
FETCHING_RULE = re.compile(r"@(?=(import|charset|namespace|font-face))", re.IGNORECASE)
# What loads whatever it names, be that in quotes or not.
FETCHING = re.compile(
    r"(?<![\w-])(?=(url|src|image|(?:-webkit-)?image-set|(?:-webkit-)?cross-fade)\()",
    re.IGNORECASE,
)


@lru_cache(maxsize=64)
def harmless(sheet: str) -> str:
    """Return *sheet* without what would load something or end the style element.

    What is taken away becomes a name that no browser knows: browsers then drop the declaration
    or the rule around it, and nothing else.
    """
    return "".join(
        _outside(piece) if i % 2 == 0 else _inside(piece) for i, piece in enumerate(_pieces(sheet))
    )


@dataclass(frozen=True)
class SheetProblem:
    """What is wrong with a style sheet, and in which line."""

    line: int
    phrase: str
    """`fetches` what is elsewhere and is taken away | `not_closed` | `not_opened`."""
    what: str


def problems_of(sheet: str) -> list[SheetProblem]:
    """Return what `harmless` takes away of a sheet, and what keeps browsers from reading it."""
    found: list[SheetProblem] = []
    opened: list[int] = []
    line = 1
    for i, piece in enumerate(_pieces(sheet)):
        if i % 2 == 0:
            found += _fetching(piece, line)
            found += _braces(piece, line, opened)
        elif not _is_closed(piece):
            found.append(SheetProblem(line, "not_closed", piece[:2].rstrip()))
        line += piece.count("\n")
    found += [SheetProblem(number, "not_closed", "{") for number in opened]
    return sorted(found, key=lambda problem: problem.line)


def _fetching(piece: str, line: int) -> list[SheetProblem]:
    shown = _shown(piece)
    names = [(match.start(), f"@{match[1].lower()}") for match in FETCHING_RULE.finditer(shown)]
    names += [(match.start(), f"{match[1].lower()}()") for match in FETCHING.finditer(shown)]
    return [SheetProblem(line + shown.count("\n", 0, at), "fetches", name) for at, name in names]


def _braces(piece: str, line: int, opened: list[int]) -> list[SheetProblem]:
    lonely = []
    for at, sign in enumerate(piece):
        if sign == "{":
            opened.append(line + piece.count("\n", 0, at))
        elif sign == "}" and opened:
            opened.pop()
        elif sign == "}":
            lonely.append(SheetProblem(line + piece.count("\n", 0, at), "not_opened", "}"))
    return lonely


def _is_closed(piece: str) -> bool:
    if piece.startswith("/*"):
        return len(piece) >= len("/**/") and piece.endswith("*/")
    return len(piece) > 1 and piece.endswith(piece[0])


def _pieces(sheet: str) -> list[str]:
    # Comments and strings hide each other's delimiters, so both are read in one go.
    return STRING_OR_COMMENT.split(NEWLINE.sub("\n", sheet))


def _outside(piece: str) -> str:
    return FETCHING.sub("removed-", FETCHING_RULE.sub("@removed-", _shown(piece)))


def _shown(piece: str) -> str:
    # A backslash can only hide a name here; a space in its place lets nothing grow together.
    return piece.replace("\\", " ").replace("</", "< /")


def _inside(piece: str) -> str:
    return " " if piece.startswith("/*") else piece.replace("</", r"<\/")
