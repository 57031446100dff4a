"""The dev CA's revocation data, had in the same process: a server that asks itself over HTTP stalls."""

from asn1crypto import x509

from esign.ca.dev.authorities import Authorities
from esign.ca.dev.crl import RevocationLists
from esign.ca.dev.hierarchy import Issuer
from esign.ca.dev.responder import Responders
from esign.errors import EsignError, RevocationUnavailable


class InProcessRevocation:
    """Implements `esign.x509.sources.RevocationSource` for the dev CA's certificates."""

    def __init__(self, authorities: Authorities, responders: Responders, lists: RevocationLists) -> None:
        self._authorities = authorities
        self._responders = responders
        self._lists = lists

    def ocsp(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """A new OCSPResponse; None for the root and for OCSP responders, of which nobody asks.

        Raises `RevocationUnavailable` for a certificate of somebody else.
        """
        if certificate.ocsp_no_check_value is not None or certificate.self_issued:
            return None
        try:
            return self._responders.status(self._issuer(issuer), certificate.serial_number)
        except EsignError as error:
            raise RevocationUnavailable from error

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
