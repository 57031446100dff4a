"""What a stamp and a footer say, and where they go: an agency's data and a letter brought together."""

from collections.abc import Sequence

from asn1crypto import x509

from esign.pades import footer as footers
from esign.pades import stamp
from esign.pades.appearance import Appearance, Footer
from esign.pades.letter import LetterFacts, Limits, examine_in
from esign.pades.letter_sight import LetterSight
from esign.pades.placement import Placement, Resolved, Taken, resolve
from esign.pades.theme import StampTheme
from esign.pdf.geometry import Box
from esign.registry import codes
from esign.registry.models import Agency, Letter, Signer, SignerKind
from esign.service import presenting, signers
from esign.service.services import Services


def sight(services: Services, pdf: bytes, facts: LetterFacts) -> LetterSight:
    """The letter as placement asks about it; it is read in the sandbox."""
    return LetterSight(
        pdf,
        facts,
        _limits(services),
        examined=services.parse,
        rendered=services.render,
        timeout=services.settings.sandbox_seconds,
    )


def examine(services: Services, pdf: bytes, pages: Sequence[int] = ()) -> LetterFacts:
    """What a sandbox worker finds of a letter, within the settings' limits. Raises the errors of ``letter.*``."""
    return examine_in(services.parse, pdf, _limits(services), pages, timeout=services.settings.sandbox_seconds)


def _limits(services: Services) -> Limits:
    return Limits(max_bytes=services.settings.max_letter_bytes, max_pages=services.settings.max_pages)


def theme_of(agency: Agency, signer: Signer) -> StampTheme:
    """The agency's stamp for that signer; its domain is the agency's own unless the theme says another."""
    theme = StampTheme.model_validate(agency.stamp)
    theme = theme if theme.domain else theme.model_copy(update={"domain": agency.domain})
    return theme.of_seal() if signer.kind is SignerKind.SEAL else theme


def content_of(
    services: Services, agency: Agency, letter: Letter, signer: Signer, capacity: str | None
) -> stamp.StampContent:
    """What the stamp of that signer says in that letter."""
    return stamp.StampContent(
        address=presenting.address(services, agency, letter.code).upper(),
        code=codes.grouped(letter.code),
        name=signer.name,
        office=signer.office or "",
        capacity=capacity or "",
        rank=signer.rank or "",
        nip=signer.nip or "",
        agency=agency.name,
        date=presenting.long_date(presenting.local(services, agency, services.clock.now())),
    )


def place(
    placement: Placement,
    pages: LetterSight,
    content: stamp.StampContent,
    theme: StampTheme,
    taken: Sequence[Taken] = (),
) -> Resolved:
    """The page and box of a stamp of that content. Raises the errors of ``placement.*``."""
    return resolve(
        placement,
        pages,
        stamp.sizes(content, theme),
        least=stamp.least_size(content.address, theme),
        taken=taken,
    )


def drawn(content: stamp.StampContent, theme: StampTheme, place: Resolved) -> Appearance | None:
    """The stamp for that place; None where nothing is to be seen."""
    width, height = place.size
    return stamp.draw(content, theme, width, height) if width and height else None


def footer(
    services: Services,
    agency: Agency,
    letter: Letter,
    signer: Signer,
    pages: LetterSight,
    certificate: x509.Certificate | None,
    stamps: Sequence[Box],
) -> Footer:
    """The footer of every page, naming who issued the certificate, where it is known.

    Raises `FooterNoRoom`, `FooterTooManyPages`.
    """
    theme = theme_of(agency, signer)
    values = {
        "issuer": _issuer(certificate) if certificate is not None else "",
        "domain": theme.domain,
        "code": codes.grouped(letter.code),
        "agency": agency.name,
    }
    return footers.fit(theme.footer, values, pages, pages.pdf, services.render, stamps)


def _issuer(certificate: x509.Certificate) -> str:
    issuer = certificate.issuer.native.get("organization_name")
    name = signers.common_name(certificate.issuer)
    return f"{name}, {issuer}" if issuer and issuer != name else name
