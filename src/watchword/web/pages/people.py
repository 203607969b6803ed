"""How pages call the person who is signed in."""

from watchword.core.phone import PhoneNumber
from watchword.users.models import User


def name_of(user: User) -> str:
    """Return a name that the person knows themselves by, a number masked."""
    phone = PhoneNumber(user.primary_phone).masked if user.primary_phone else None
    return user.name or user.username or phone or user.primary_email or user.id
