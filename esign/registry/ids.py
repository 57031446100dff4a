"""Names of rows: UUIDs of version 7 (RFC 9562, 5.7), which sort by the time they were made."""

import secrets
import time
from uuid import UUID


def new() -> str:
    """A new id: 48 bits of Unix time in milliseconds, then 74 random bits; lower case with hyphens."""
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    value = milliseconds << 80 | 0x7 << 76 | random >> 62 << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return str(UUID(int=value))
