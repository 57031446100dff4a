"""What a token or its module would not do: the binding's own exceptions go no further than the session."""


class TokenTrouble(Exception):  # noqa: N818 as `Rejected`, it is named by what it is
    """The token or its module did not do what it was asked; ``reason`` says so in plain English.

    ``lost`` where the session or the token is gone, so that a new session may do what this one could not.
    """

    def __init__(self, reason: str, *, lost: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.lost = lost


class TokenAbsent(TokenTrouble):
    """The module shows no such token now."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, lost=True)


class PinWrong(Exception):  # noqa: N818
    """The token refused the PIN, and counted that."""


class PinBlocked(Exception):  # noqa: N818
    """The token takes no PIN any more until its security officer lifts the block."""


class PinUnset(Exception):  # noqa: N818
    """The token wants a PIN to be set or changed before it is used."""
