"""Mail: plain text to one person, over a mail server; in development, without one, into a folder.

Whatever a server answers may repeat what was sent to it, so of its answers only the number is logged or told.
"""

import logging
import os
import secrets
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

from esign.errors import ConfigurationError, MailNotSetUp, MailRefused, MailUnavailable, StorageUnavailable
from esign.settings import Settings
from esign.x509.clock import Clock

_log = logging.getLogger(__name__)

OUTBOX_KEEPS = 200
"""Mails in the outbox; the oldest goes first."""

_PORTS = {"smtp": 25, "smtps": 465}
_GOODBYE_SECONDS = 1.0


@dataclass(frozen=True, repr=False)
class Mail:
    """A mail to one person. It holds a code, so nothing shows it."""

    to: str
    """The address."""
    subject: str
    """Without the code: subjects are shown on locked screens."""
    text: str


Mailer = Callable[[Mail], None]
"""Sends a mail. Raises `MailUnavailable`, `MailRefused`, `MailNotSetUp`, `StorageUnavailable`."""


def mailer(settings: Settings, clock: Clock) -> Mailer:
    """How mail is sent with these settings. Raises `ConfigurationError` for smtp_ca_file."""
    if settings.smtp_url:
        return SmtpServer(settings, clock)
    if settings.environment == "production":
        return _nowhere
    return Outbox(outbox_folder(settings), clock)


def outbox_folder(settings: Settings) -> Path:
    """Where the mail of development lies."""
    return settings.data_dir / "outbox"


class SmtpServer:
    """Sends over a mail server (RFC 5321), with TLS from the start (smtps) or by STARTTLS (RFC 3207)."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        address = urlsplit(settings.smtp_url or "")
        self._tls_first = address.scheme == "smtps"
        self._starttls = settings.smtp_starttls and not self._tls_first
        self._host = address.hostname or ""
        self._port = address.port or _PORTS[address.scheme]
        self._user = unquote(address.username) if address.username is not None else None
        self._password = settings.smtp_password
        self._seconds = settings.smtp_seconds
        self._sender = settings.mail_from
        self._own_name = _own_name(urlsplit(settings.public_url).hostname or "localhost")
        self._clock = clock
        self._context = _context(settings.smtp_ca_file)

    def __call__(self, mail: Mail) -> None:
        """Sends it. Raises `MailUnavailable`, and `MailRefused` for an address that the server won't ever take."""
        message, to = _message(mail, self._sender, self._clock)
        try:
            with self._connected() as (server, limit):
                limit()
                server.send_message(message, self._sender, [to])
        except smtplib.SMTPRecipientsRefused as error:
            number = next(iter(error.recipients.values()))[0]
            _log.warning("the mail server refused a recipient: %s", number)
            raise (MailRefused if number >= 500 else MailUnavailable) from None
        except smtplib.SMTPNotSupportedError:
            _log.warning("the mail server lacks STARTTLS, AUTH or SMTPUTF8, which is needed")
            raise MailUnavailable from None
        except smtplib.SMTPException as error:
            answer = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else "no answer"
            _log.warning("the mail server did not take a mail: %s %s", type(error).__name__, answer)
            raise MailUnavailable from None
        except (OSError, ValueError) as error:  # names that can't be looked up are ValueErrors too
            _log.warning("the mail server can't be reached: %s", type(error).__name__)
            raise MailUnavailable from error
        _log.info("a mail was sent")

    @contextmanager
    def _connected(self) -> Iterator[tuple[smtplib.SMTP, Callable[[], None]]]:
        """A connection that is ready to send, and what keeps its next step within the time that is left."""
        until = time.monotonic() + self._seconds
        server = self._opened()
        try:

            def limit() -> None:
                left = until - time.monotonic()
                if left <= 0 or server.sock is None:
                    raise TimeoutError
                server.sock.settimeout(left)

            if self._starttls:
                limit()
                server.starttls(context=self._context)
            if self._user is not None and self._password is not None:
                limit()
                server.login(self._user, self._password.get_secret_value())
            yield server, limit
            # What was taken is taken, whether or not the server says goodbye.
            with suppress(smtplib.SMTPException, OSError):
                if server.sock is not None:
                    server.sock.settimeout(_GOODBYE_SECONDS)
                server.quit()
        finally:
            server.close()

    def _opened(self) -> smtplib.SMTP:
        if self._tls_first:
            return smtplib.SMTP_SSL(
                self._host, self._port, self._own_name, timeout=self._seconds, context=self._context
            )
        return smtplib.SMTP(self._host, self._port, self._own_name, timeout=self._seconds)


class Outbox:
    """Puts mail into a folder of this machine, for trying out: whoever reads it has the codes."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    def __call__(self, mail: Mail) -> None:
        """Writes it to a file of its own. Raises `MailRefused`, `StorageUnavailable`."""
        message, _ = _message(mail, "esign@localhost", self._clock)
        name = f"{self._clock.now():%Y%m%dT%H%M%S.%f}Z-{secrets.token_hex(4)}.eml"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(self._folder / name, flags, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(descriptor, 0o600)
                file.write(message.as_bytes())
            for old in self.mails()[OUTBOX_KEEPS:]:
                old.unlink(missing_ok=True)
        except OSError as error:
            raise StorageUnavailable from error
        _log.warning("a mail was put into %s instead of being sent: no mail server is set up", self._folder)

    def mails(self) -> list[Path]:
        """The files, the newest first."""
        return sorted(self._folder.glob("*.eml"), reverse=True)


def _nowhere(_: Mail) -> None:
    raise MailNotSetUp(variable="ESIGN_SMTP_URL")


def _message(mail: Mail, sender: str, clock: Clock) -> tuple[EmailMessage, str]:
    """The message, and the address of its recipient as SMTP writes it."""
    local, _, domain = mail.to.rpartition("@")
    if not (local and domain):
        raise MailRefused
    message = EmailMessage(policy=SMTP)
    try:
        to = Address(username=local, domain=domain)
        message["From"] = sender
        message["To"] = to
        message["Subject"] = mail.subject
    except (ValueError, IndexError):  # IndexError: bpo-37764 and its like
        raise MailRefused from None
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    # RFC 3834: no machine answers it.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text, cte="quoted-printable")
    return message, to.addr_spec


def _context(authorities: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if authorities is not None:
        try:
            context.load_verify_locations(authorities)
        except (OSError, ssl.SSLError) as error:
            reason = "it must be a PEM file of certificates that can be read"
            raise ConfigurationError(variable="ESIGN_SMTP_CA_FILE", reason=reason) from error
    return context


def _own_name(host: str) -> str:
    """What this host calls itself to the server (RFC 5321, 4.1.4); smtplib would ask the DNS for it."""
    try:
        address = ip_address(host)
    except ValueError:
        return host if host.isascii() else "localhost"
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"
