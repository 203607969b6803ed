"""Gives tests the tool that writes the reference pages."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# The tool is a script: its own modules stand beside it.
sys.path.insert(0, str(ROOT / "tools"))
_spec = importlib.util.spec_from_file_location("reference_tool", ROOT / "tools" / "reference.py")
assert _spec is not None
assert _spec.loader is not None
reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference)
