"""Plivo messaging."""
