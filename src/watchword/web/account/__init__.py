"""The Account API: what applications ask of a signed-in person's own account, in JSON."""

from watchword.web.account.routes import router

__all__ = ["router"]
