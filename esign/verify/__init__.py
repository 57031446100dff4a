"""Verification: bytes, trust and clock in, a report out."""
