"""Yunpian."""
