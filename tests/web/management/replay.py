"""Asks again what was recorded from the model system, and compares the answers field by field.

Sentences are not compared (they are ours), nor what is drawn or counted anew each time: ids are
matched with the recorded ones as they come, moments must be numbers. Where an answer is meant to
differ, `Differences` says which field and which decision explains it.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2

RECORDED = Path(__file__).with_name("recorded")
LEFT_OUT = "…"
FORM = "application/x-www-form-urlencoded"
SENTENCES = {"message", "details", "error_description"}
MOMENTS = re.compile(r"(At|at|_at|expires_in|exp)$")
SAID = {"accept-language"}
"""Headers that are sent as recorded; the client itself says who asks."""
VISIT = re.compile(r"/oidc/auth/[\w-]{20,}")
ID = re.compile(r"[a-z0-9]{12}|[A-Za-z0-9_-]{21}")

Step = dict[str, Any]


def story(name: str) -> list[Step]:
    """Return the recorded steps of a story."""
    steps: list[Step] = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))["steps"]
    return steps


@dataclass(frozen=True)
class Difference:
    """Where an answer is meant to differ, and the decision (`docs/adr`) that says why."""

    path: str
    """A regular expression for the field: `answer.config.authToken`, `status`."""
    adr: int
    steps: str = ".*"
    """A regular expression for the steps it holds in."""


@dataclass
class Replay:
    """One replay of a story, with our ids in the place of the recorded ones."""

    client: httpx2.AsyncClient
    differences: tuple[Difference, ...] = ()
    ids: dict[str, str] = field(default_factory=dict)
    """Ours, by recorded id."""
    fill: Callable[[str], str] = str
    """Puts what only a test knows, such as a code, in the place of a recorded text."""
    found: list[str] = field(default_factory=list)
    """Every difference that no decision explains."""

    async def take(self, step: Step) -> httpx2.Response:
        """Ask one step's question, and note how the answer differs."""
        answer = await self.client.request(
            step["method"],
            self._ours(step["path"]),
            params=self._ours(step.get("query")),
            **self._sent(step),
        )
        self._same(step["step"], "status", step["status"], answer.status_code)
        if answer.status_code == step["status"]:
            if "answer" in step:
                ours = answer.json() if answer.content else None
                self._compare(step["step"], "answer", step["answer"], ours)
            if "location" in step:
                where = answer.headers.get("location", "")
                self._compare(step["step"], "location", step["location"], _parted(where))
        return answer

    def _sent(self, step: Step) -> dict[str, Any]:
        headers = {name: step["headers"][name] for name in SAID & step.get("headers", {}).keys()}
        body = self._ours(step.get("body"))
        if step.get("headers", {}).get("content-type") == FORM:
            return {"data": body, "headers": headers}
        if isinstance(body, str):
            # Recorded as it was sent: no JSON.
            return {"content": body, "headers": {**headers, "content-type": "application/json"}}
        return {"headers": headers, **({"json": body} if "body" in step else {})}

    def must_agree(self) -> None:
        """Raise with every difference that no decision explains."""
        if self.found:
            raise AssertionError("\n".join(self.found))

    def _compare(self, step: str, path: str, recorded: Any, ours: Any) -> None:
        if isinstance(recorded, Mapping) and isinstance(ours, Mapping):
            if recorded.get("code") in {"guard.invalid_input", "connector.invalid_config"}:
                self._same(step, f"{path}.code", recorded["code"], ours.get("code"))
                self._same(step, f"{path}.data", _paths(recorded), _paths(ours))
                return
            for key, value in recorded.items():
                if key not in ours:
                    self._note(step, f"{path}.{key}", "is missing")
                elif key not in SENTENCES:
                    self._compare(step, f"{path}.{key}", value, ours[key])
        elif isinstance(recorded, list) and isinstance(ours, list):
            self._same(step, f"{path}.length", len(recorded), len(ours))
            for number, (one, other) in enumerate(zip(recorded, ours, strict=False)):
                self._compare(step, f"{path}.{number}", one, other)
        elif MOMENTS.search(path) and recorded is not None:
            self._same(step, path, type(recorded), type(ours))
        elif isinstance(recorded, str) and isinstance(ours, str) and ID.fullmatch(recorded):
            self._same(step, path, self.ids.setdefault(recorded, ours), ours)
        elif recorded != LEFT_OUT:
            self._same(step, path, recorded, ours)

    def _same(self, step: str, path: str, recorded: Any, ours: Any) -> None:
        if recorded != ours:
            self._note(step, path, f"was {recorded!r}, is {ours!r}")

    def _note(self, step: str, path: str, words: str) -> None:
        if not any(
            re.fullmatch(difference.path, path) and re.fullmatch(difference.steps, step)
            for difference in self.differences
        ):
            self.found.append(f"{step}: {path} {words}")

    def _ours(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self._ours(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._ours(item) for item in value]
        if isinstance(value, str):
            for recorded, ours in self.ids.items():
                value = value.replace(recorded, ours)
            return self.fill(value)
        return value


def _parted(location: str) -> dict[str, Any]:
    """Return where a redirect leads, what it takes along, and in which part of the address."""
    address = urlsplit(location)
    to = f"{address.scheme}://{address.netloc}{address.path}" if address.netloc else address.path
    return {
        "to": VISIT.sub(f"/oidc/auth/{LEFT_OUT}", to),
        "in": "fragment" if address.fragment else "query",
        "params": dict(parse_qsl(address.fragment or address.query)),
    }


def _paths(body: Mapping[str, Any]) -> set[tuple[str, ...]]:
    data = body.get("data") or {}
    return {tuple(map(str, issue["path"])) for issue in data.get("issues", ())}
