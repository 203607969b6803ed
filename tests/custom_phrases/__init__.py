"""Tests of what a tenant says in its own words."""
