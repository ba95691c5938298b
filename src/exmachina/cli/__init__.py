"""The `exmachina` command."""

from exmachina.cli.app import main

__all__ = ["main"]
