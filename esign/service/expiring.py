"""Certificates that end soon: those of the authorities, without which nobody signs, and those of the officials."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from esign.ca.authority import Authority
from esign.registry import agencies, credentials
from esign.registry.models import Agency, Signer
from esign.service.services import Services
from esign.service.signers import common_name

SOON = timedelta(days=30)


@dataclass(frozen=True)
class EndingCertificate:
    """A certificate of an authority itself: a root, an issuing CA, an OCSP responder, a time-stamp authority."""

    name: str
    """Its common name."""
    until: datetime


@dataclass(frozen=True)
class EndingCredential:
    """An official's certificate, as the authority showed it last."""

    agency: Agency
    signer: Signer
    until: datetime


def certificates(authority: Authority) -> Iterator[EndingCertificate]:
    """An authority's own certificates, each name once with its latest end. Raises `AuthorityUnavailable`."""
    ends: dict[str, datetime] = {}
    for certificate in authority.own_certificates():
        name = common_name(certificate.subject)
        end = certificate["tbs_certificate"]["validity"]["not_after"].native.astimezone(UTC)
        ends[name] = max(end, ends.get(name, end))
    for name, until in ends.items():
        yield EndingCertificate(name, until)


def officials(services: Services, within: timedelta = SOON) -> Sequence[EndingCredential]:
    """Officials who are on, and whose certificate ends within that time or has ended; the next first."""
    with services.database.read() as session:
        by_id = {agency.id: agency for agency in agencies.all_of_them(session)}
        found: list[EndingCredential] = []
        for credential in credentials.ending(session, services.clock.now() + within):
            signer = session.get_one(Signer, credential.signer_id)
            if credential.not_after is not None and by_id[signer.agency_id].enabled:
                found.append(EndingCredential(by_id[signer.agency_id], signer, credential.not_after))
        return found
