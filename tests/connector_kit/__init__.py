"""Tests of `connector_kit`."""
