"""How the dev CA's one-time codes reach people: by mail, to the address in the register."""

from zoneinfo import ZoneInfo

from pydantic import JsonValue
from sqlalchemy.orm import Session

from esign.ca.dev import CodeLetter, Purpose
from esign.errors import MailRefused, SignerUnknown
from esign.registry import agencies, audit, credentials, ids, signers
from esign.registry.database import Database
from esign.registry.models import Event, Signer
from esign.service.mail import Mail, mailer
from esign.settings import Settings
from esign.x509.clock import Clock


class CodePost:
    """Brings the dev CA's codes to people by mail; an `esign.ca.dev.Deliver`."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        """Raises `ConfigurationError` where mail is set up wrongly."""
        self._send = mailer(settings, clock)
        self._database = database
        self._clock = clock
        self._timezone = settings.timezone

    def __call__(self, letter: CodeLetter) -> None:
        """Sends it to the official, or to the officer of the seal. Raises `SignerUnknown` and ``mail.*``."""
        with self._database.read() as session:
            signer = _of_holder(session, letter.holder)
            agency = agencies.get(session, signer.agency_id)
        if not signer.email:
            raise MailRefused
        zone = ZoneInfo(agency.timezone if agency is not None and agency.timezone else self._timezone)
        self._send(mail(letter, signer.name, signer.email, zone))
        with self._database.write() as session:
            data: dict[str, JsonValue] = {
                "purpose": letter.purpose.value,
                "signatures": letter.signatures,
                "expires": letter.expires.isoformat(),
            }
            actor = audit.Actor(name="service", request_id=ids.new())
            audit.record(
                session,
                Event.CODE_SENT,
                actor,
                self._clock.now(),
                signer=signer.id,
                agency=signer.agency_id,
                data=data,
            )


def mail(letter: CodeLetter, name: str, address: str, zone: ZoneInfo) -> Mail:
    """The mail with a code: what it is for, for how many letters, until when; never a link."""
    end = letter.expires.astimezone(zone)
    clock = end.tzname() or "UTC"
    until = (f"{end:%d-%m-%Y} pukul {end:%H.%M} {clock}", f"{end:%Y-%m-%d %H:%M} {clock}")
    subject, purposes = _purposes(letter, name)
    lines = (
        f"Kode: {letter.code.reveal()}",
        "",
        purposes[0],
        f"Berlaku sampai {until[0]}.",
        "Jangan berikan kode ini kepada siapa pun selain aplikasi tempat Anda menandatangani.",
        "Jika Anda tidak memintanya, abaikan surel ini dan beri tahu pengelola.",
        "",
        "--",
        f"Code: {letter.code.reveal()}",
        purposes[1],
        f"Valid until {until[1]}. Give it to nobody but the application in which you sign.",
        "If you did not ask for it, ignore this mail and tell the operator.",
        "",
    )
    return Mail(address, subject, "\n".join(lines))


def _purposes(letter: CodeLetter, name: str) -> tuple[str, tuple[str, str]]:
    """The subject, and what the code is for in both languages."""
    if letter.purpose is Purpose.ACTIVATION:
        return "Kode aktivasi segel elektronik", (
            f"Untuk mengaktifkan segel elektronik {name}; selama aktif, surat dapat disegel tanpa kode dari Anda.",
            f"It activates the electronic seal of {name}; while it is active, letters are sealed without you.",
        )
    number = letter.signatures or 0
    return "Kode tanda tangan elektronik", (
        f"Untuk menandatangani {number} surat atas nama {name}.",
        f"For signing {number} {'letter' if number == 1 else 'letters'} in the name of {name}.",
    )


def _of_holder(session: Session, holder: str) -> Signer:
    """The signer whom the dev CA calls so."""
    noted = credentials.of_holder(session, "dev", holder)
    signer = signers.anywhere(session, noted.signer_id if noted is not None else holder)
    if signer is None or not signer.enabled:
        raise SignerUnknown
    return signer
