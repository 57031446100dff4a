"""Which errors an endpoint may answer with, by what it does: for the OpenAPI description, and tested against it."""

from collections.abc import Iterator

from esign import errors


def family(error: type[errors.EsignError]) -> Iterator[type[errors.EsignError]]:
    """The error and all that are kinds of it."""
    yield error
    for kind in error.__subclasses__():
        yield from family(kind)


BODY = (errors.RequestInvalid, errors.RequestTooLarge, errors.RequestTooSlow, errors.MediaTypeUnsupported)
"""Reading a form or JSON."""

STORAGE = tuple(family(errors.StorageUnavailable))
"""Reading or writing the register."""

LETTER = (*family(errors.LetterError), errors.Busy)
"""Examining a PDF that was handed in."""

PLACE = tuple(family(errors.PlacementError))
"""Finding the stamp's place, and drawing it."""

SIGN = (
    *family(errors.CredentialUnusable),
    errors.SignerUnknown,
    errors.SignerLocked,
    errors.PinLocked,
    errors.WrongPassphrase,
    errors.WrongCode,
    errors.ConsentIncomplete,
    errors.CodesUnsupported,
    *family(errors.AuthorityRefused),
    errors.AuthorityNotAdmitted,
    errors.AuthorityUnavailable,
    errors.SigningOutcomeUnknown,
    errors.TimestampUnavailable,
    errors.RevocationUnavailable,
    errors.ClockWrong,
    errors.SelfCheckFailed,
)
"""Having a signature made."""

CODES = (
    *family(errors.CredentialUnusable),
    errors.SignerUnknown,
    errors.SignerLocked,
    errors.CodeTooSoon,
    errors.CodesUnsupported,
    *family(errors.AuthorityRefused),
    errors.AuthorityNotAdmitted,
    errors.AuthorityUnavailable,
    errors.MailUnavailable,
    errors.MailRefused,
    errors.MailNotSetUp,
)
"""Having a one-time code sent."""

REGISTER = (
    errors.LetterUnknown,
    errors.LetterBusy,
    errors.LetterStateForbids,
    errors.AlreadySignedBy,
    errors.NumberTaken,
)
"""Changing a letter of the register."""
