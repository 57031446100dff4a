"""Providers that speak the API of the Cloud Signature Consortium, v1.0.4 and v2: only hashes go to them."""

from esign.ca.csc.authority import CscAuthority
from esign.ca.csc.config import CscConfig

__all__ = ["CscAuthority", "CscConfig"]
