"""How secrets are compared, read off the source."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.reference import ROOT

SECRET = re.compile(r"(^|_)(token|secret|signature|digest|password|csrf|csrf_token|mac|hmac)$")
HARMLESS = {
    "src/watchword/web/cookies.py: value != token",  # both are the browser's own
    # Both are digests.
    "src/watchword/operators/service.py: kept != digest",
    "src/watchword/oidc/signed_in.py: grant.session_digest == digest",
    "src/watchword/web/account/signed_in.py: session.id_digest == me.asker.session_digest",
    "src/watchword/web/account_pages/sessions.py: session.id_digest == visit.session.id_digest",
}


def test_s9_no_secret_is_compared_letter_by_letter() -> None:
    # In a repository the database compares, and what it has are digests.
    sources = [
        path
        for path in (ROOT / "src").rglob("*.py")
        if "emulators" not in path.parts and not path.name.endswith("repository.py")
    ]

    compared = {
        f"{path.relative_to(ROOT)}: {words}"
        for path in sources
        for words in _comparisons(ast.parse(path.read_text(encoding="utf-8")))
    }

    assert sum("compare_digest" in path.read_text() for path in sources) > 5
    assert compared == HARMLESS


def test_s9_the_search_finds_what_it_is_for() -> None:
    careless = "if given.token == row.token or form['x'] != csrf: pass"
    careful = "hmac.compare_digest(token, own); token == ''; tokens != others"

    assert len(list(_comparisons(ast.parse(careless)))) == 2
    assert list(_comparisons(ast.parse(careful))) == []


def _comparisons(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        is_equality = any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops)
        is_about_nothing = any(isinstance(side, ast.Constant) for side in sides)
        if is_equality and not is_about_nothing and any(map(_is_secret, sides)):
            yield ast.unparse(node)


def _is_secret(side: ast.expr) -> bool:
    name = side.attr if isinstance(side, ast.Attribute) else getattr(side, "id", "")
    return bool(SECRET.search(name))
