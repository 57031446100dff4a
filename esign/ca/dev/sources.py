"""The dev CA's revocation data, had in the same process: a server that asks itself over HTTP stalls."""

from datetime import datetime

from asn1crypto import x509

from esign.ca.dev.authorities import Authorities
from esign.ca.dev.crl import RevocationLists
from esign.ca.dev.hierarchy import Issuer, Service
from esign.ca.dev.responder import LIFETIME, Responders
from esign.errors import EsignError, RevocationUnavailable


class InProcessRevocation:
    """Implements `esign.x509.sources.RevocationSource`.

    Answers for signers are made when asked; those for the CA's own certificates serve for half their life,
    since a signer's answer must be newer than the time-stamp and a CA's need not (design, section 5).
    """

    def __init__(self, authorities: Authorities, responders: Responders, lists: RevocationLists) -> None:
        self._authorities = authorities
        self._responders = responders
        self._lists = lists
        self._kept: dict[int, tuple[datetime, bytes]] = {}

    def ocsp(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """The OCSPResponse for one of our certificates; None for the root and for OCSP responders, which have none.

        Raises `RevocationUnavailable` for a certificate of somebody else.
        """
        if certificate.ocsp_no_check_value is not None or certificate.self_issued:
            return None
        try:
            ours, serial = self._issuer(issuer), certificate.serial_number
            own = {self._authorities.own(role).serial for role in (*Issuer, Service.TIMESTAMPS)}
            if serial not in own:
                return self._responders.status(ours, serial)
            now = self._authorities.clock.now()
            made, response = self._kept.get(serial, (None, b""))
            if made is None or not made <= now < made + LIFETIME / 2:
                made, response = now, self._responders.status(ours, serial)
                self._kept[serial] = made, response
        except EsignError as error:
            raise RevocationUnavailable from error
        return response

    def crl(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """The CRL of one of our issuers; None for the root, which no list covers. Raises `RevocationUnavailable`."""
        if certificate.self_issued:
            return None
        try:
            return self._lists.current(self._issuer(issuer)).der
        except EsignError as error:
            raise RevocationUnavailable from error

    def _issuer(self, certificate: x509.Certificate) -> Issuer:
        subject, key = certificate.subject.dump(), certificate.public_key.dump()
        for issuer in Issuer:
            own = self._authorities.own(issuer)
            # By name and key, not by bytes: a CA certificate may have been issued anew.
            if own.subject == subject and own.certificate.public_key.dump() == key:
                return issuer
        raise RevocationUnavailable
