"""The page about OpenID Connect lists every module, in the plans' order."""

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "explanation" / "openid-connect.md"
PLANS = ("basic", "config", "rp_initiated_logout")


def test_every_module_is_listed_with_what_comes_of_it() -> None:
    modules = [
        name.replace("_", "-")
        for plan in PLANS
        for name in re.findall(
            r"^async def test_(oidcc_\w+)\(", (HERE / f"test_oidcc_{plan}.py").read_text(), re.M
        )
    ]
    listed = re.findall(r"^\| `(oidcc-[a-z0-9-]+)` \| (.+) \|$", PAGE.read_text(), re.M)

    assert [name for name, _ in listed] == modules
    assert len(modules) == 38 + 1 + 11
