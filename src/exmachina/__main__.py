"""`python -m exmachina` is the `exmachina` command."""

from exmachina.cli import main

main()
