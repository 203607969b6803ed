"""Providers' callbacks: what became of a message."""

from watchword.web.receipts.routes import router

__all__ = ["router"]
