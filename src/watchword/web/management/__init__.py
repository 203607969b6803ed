"""The Management API: what the console can do, for machines, as the contract has it."""

from watchword.web.management.routes import router

__all__ = ["router"]
