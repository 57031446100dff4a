"""The addresses of BSrE's service as its clients write them, made one.

Base addresses are configured with and without a slash at their end, and some calls go by two names.
"""

import re

ROOT = "/api"

_SLASHES = re.compile("/{2,}")
_ALIASES = {
    "/api/v2/user/register": "/api/v2/user/registration",
    "/api/v2/user/check-status": "/api/v2/user/check/status",
}


def canonical(path: str) -> str | None:
    """The address that is meant, where it is one of BSrE's service; None for any other path of ours."""
    one = _SLASHES.sub("/", path)
    if one != ROOT and not one.startswith(f"{ROOT}/"):
        return None
    one = one.rstrip("/")
    return _ALIASES.get(one, one)


def is_ours(path: str) -> bool:
    """Whether this canonical path lies under BSrE's API."""
    return path == ROOT or path.startswith(f"{ROOT}/")
