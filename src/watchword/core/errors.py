"""The root of every error a caller can act on."""

from collections.abc import Mapping
from typing import Any, ClassVar


class DomainError(Exception):
    """Something a caller can act on; `code` is API, `detail` is for logs only.

    `values` fill the placeholders of the phrase `errors.<code>`; `data` goes to the wire as it is.
    """

    code: ClassVar[str] = "request.general"

    def __init__(
        self,
        detail: str = "",
        *,
        data: Mapping[str, Any] | list[Any] | None = None,
        **values: Any,
    ) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.data = data
        self.values = values
