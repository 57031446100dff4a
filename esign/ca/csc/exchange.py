"""One POST to a provider."""

import httpx

from esign.ca.exchange import Answer, Unreached, exchanged

LARGEST = 1024 * 1024
"""Octets of an answer."""


def post(client: httpx.Client, url: str, content: bytes, headers: dict[str, str], seconds: float) -> Answer:
    """The answer to a POST within so many seconds. Raises `Unreached` and `Unanswered`, which repeat nothing of it."""
    try:
        request = client.build_request("POST", url, content=content, headers=headers)
    except (httpx.InvalidURL, ValueError) as error:
        raise Unreached(type(error).__name__) from None
    return exchanged(client, request, seconds, LARGEST)
