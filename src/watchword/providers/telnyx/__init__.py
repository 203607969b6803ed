"""Telnyx messaging."""
