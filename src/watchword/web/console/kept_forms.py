"""A filled form whose session had ended: it stays in the pages on the way in, and is sent then."""

from dataclasses import dataclass
from typing import Self

from starlette.datastructures import FormData
from starlette.requests import Request

PATH, FIELD = "kept_path", "kept:"
OWN_FIELDS = frozenset({"csrf", "_username", "_password", "_code"})
"""What belongs to the session that has ended."""

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, repr=False)
class KeptForm:
    """What was filled in, and where it was sent."""

    path: str
    fields: tuple[tuple[str, str], ...]

    @classmethod
    async def refused(cls, request: Request) -> Self | None:
        """Return the form of a post that no session let through; None where there is none to keep.

        Only of a post that the browser says came from here: its fields come back in a page that
        needs one press to send them.
        """
        # Pages that send no referrer post with `Origin: null`.
        is_ours = request.headers.get("origin") not in {None, "null"}
        if not is_ours and request.headers.get("sec-fetch-site") != "same-origin":
            return None
        form = await request.form()
        # Passwords are typed again, and not into a page that somebody else may find open.
        fields = [
            (name, value)
            for name, value in form.multi_items()
            if isinstance(value, str) and name not in OWN_FIELDS and "password" not in name.lower()
        ]
        return cls(request.url.path, tuple(fields)) if "csrf" in form and fields else None

    @classmethod
    def carried(cls, form: FormData) -> Self | None:
        """Return what a page on the way in carried along."""
        path = form.get(PATH)
        if not isinstance(path, str) or not path.startswith("/console/"):
            return None
        fields = [
            (name.removeprefix(FIELD), value)
            for name, value in form.multi_items()
            if name.startswith(FIELD) and isinstance(value, str)
        ]
        return cls(path, tuple(fields))

    @property
    def hidden(self) -> Pairs:
        """Return the fields by which a page carries it along."""
        return [(PATH, self.path), *((FIELD + name, value) for name, value in self.fields)]
