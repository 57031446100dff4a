"""A real eSign Client Service of BSrE, which signs whole documents (docs/authorities/bsre.md)."""

from esign.ca.bsre.authority import BsreAuthority
from esign.ca.bsre.config import BsreConfig

__all__ = ["BsreAuthority", "BsreConfig"]
