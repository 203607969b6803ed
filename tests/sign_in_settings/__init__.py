"""Tests of the sign-in settings."""
