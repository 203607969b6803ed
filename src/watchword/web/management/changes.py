"""What every `PATCH` must have."""

from pydantic import BaseModel

from watchword.sign_in_settings.errors import NothingToChange


def require_a_change(body: BaseModel) -> None:
    """Raise NothingToChange where *body* names no field that there is."""
    if not body.model_fields_set:
        raise NothingToChange
