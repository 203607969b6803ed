"""Whole stories over HTTP, against real server processes."""
