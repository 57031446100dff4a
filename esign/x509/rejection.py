"""The one exception of all checks on what others answered."""


class Rejected(Exception):  # noqa: N818
    """An OCSP answer, CRL, time-stamp or certificate that can't be believed; ``reason`` says why, in plain English.

    Whatever malformed input breaks inside a check, this comes out.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
