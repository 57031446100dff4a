"""``python -m esign``."""

from esign.cli import main

main()
