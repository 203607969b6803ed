"""A tenant's own style sheet for its pages: it may change how they look, and reach nobody."""

import re
from functools import lru_cache

STRING_OR_COMMENT = re.compile(
    r"""(/\*.*?(?:\*/|\Z)|"(?:[^"\\\n]|\\.)*(?:["\n]|\Z)|'(?:[^'\\\n]|\\.)*(?:['\n]|\Z))""",
    re.DOTALL,
)
NEWLINE = re.compile(r"\r\n|[\r\f]")
"""What browsers take for a line's end besides the usual one."""
FETCHING_RULE = re.compile(r"@(?=import|charset|namespace|font-face)", re.IGNORECASE)
# What loads whatever it names, be that in quotes or not.
FETCHING = re.compile(
    r"(?<![\w-])(?=(?:url|src|image|(?:-webkit-)?image-set|(?:-webkit-)?cross-fade)\()",
    re.IGNORECASE,
)


@lru_cache(maxsize=64)
def harmless(sheet: str) -> str:
    """Return *sheet* without what would load something or end the style element.

    What is taken away becomes a name that no browser knows: browsers then drop the declaration
    or the rule around it, and nothing else.
    """
    # Comments and strings hide each other's delimiters, so both are read in one go.
    pieces = STRING_OR_COMMENT.split(NEWLINE.sub("\n", sheet))
    return "".join(
        _outside(piece) if i % 2 == 0 else _inside(piece) for i, piece in enumerate(pieces)
    )


def _outside(piece: str) -> str:
    # A backslash can only hide a name here; a space in its place lets nothing grow together.
    shown = piece.replace("\\", " ").replace("</", "< /")
    return FETCHING.sub("removed-", FETCHING_RULE.sub("@removed-", shown))


def _inside(piece: str) -> str:
    return " " if piece.startswith("/*") else piece.replace("</", r"<\/")
