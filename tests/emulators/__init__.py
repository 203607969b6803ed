"""Tests of `emulators`."""
