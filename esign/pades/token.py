"""A time-stamp token (RFC 3161), read for what signing needs to know of it."""

from datetime import UTC, datetime
from functools import cached_property

from asn1crypto import cms, tsp, x509

from esign.errors import TimestampUnavailable


class TimestampToken:
    """A TimeStampToken as its authority gave it. Raises `TimestampUnavailable` where it is none."""

    def __init__(self, der: bytes) -> None:
        self.der = der
        try:
            self._signed_data = cms.ContentInfo.load(der, strict=True)["content"]
            self._info: tsp.TSTInfo = self._signed_data["encap_content_info"]["content"].parsed
            moment: datetime = self._info["gen_time"].native
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise TimestampUnavailable from error
        self.time = moment.astimezone(UTC)
        """genTime."""

    @cached_property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """What the token carries."""
        return tuple(
            each.chosen for each in self._signed_data["certificates"] if isinstance(each.chosen, x509.Certificate)
        )

    def is_signed_by(self, certificate: x509.Certificate) -> bool:
        """Whether the token names this certificate as its signer's."""
        identifier = self._signed_data["signer_infos"][0]["sid"]
        if identifier.name == "subject_key_identifier":
            return bool(certificate.key_identifier == identifier.native)
        chosen = identifier.chosen
        return bool(
            chosen["serial_number"].native == certificate.serial_number
            and chosen["issuer"].dump() == certificate.issuer.dump()
        )
