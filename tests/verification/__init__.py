"""Tests of codes and verification records."""
