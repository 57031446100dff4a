"""Forged files made from genuinely signed letters: every class of the table in verification.md, in variants."""
