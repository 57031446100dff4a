"""Mutants of signed letters, and the judge that says whether any of them was believed. ``make fuzz`` runs it."""
