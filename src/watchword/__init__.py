"""Watchword: a sign-in server for phone numbers."""

from importlib.metadata import version

__version__ = version("watchword")
