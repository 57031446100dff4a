"""The ``esign`` command."""

from esign.cli.main import main

__all__ = ["main"]
