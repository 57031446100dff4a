"""Mail over real sockets: servers with and without TLS, and those that refuse, lie or say nothing."""

import logging
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from esign.errors import ConfigurationError, EsignError, MailNotSetUp, MailRefused, MailUnavailable
from esign.service.mail import OUTBOX_KEEPS, Mail, Outbox, mailer
from esign.settings import Settings
from esign.x509.clock import FixedClock
from tests import mail
from tests.mail import PASSWORD, USER

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
MAIL = Mail("sari@contoh.go.id", "Kode tanda tangan elektronik", "Kode: 123456\n\nBerlaku sampai …\n")


def send(url: str, to_send: Mail = MAIL, *, seconds: float = 5, **given: object) -> None:
    common: dict[str, object] = {"mail_from": "tte@contoh.go.id", "smtp_seconds": seconds, "smtp_url": url}
    mailer(Settings.model_validate(common | given), FixedClock(NOW))(to_send)


def test_a_mail_arrives_as_plain_text(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), mail.serving() as server:
        send(f"smtp://127.0.0.1:{server.port}", smtp_starttls=False)
    (received,) = server.mails
    assert (received.sender, received.to) == ("tte@contoh.go.id", ["sari@contoh.go.id"])
    assert received.message["To"] == "sari@contoh.go.id"
    assert received.message["Subject"] == MAIL.subject
    assert received.message["Date"].datetime == NOW
    assert received.message["Auto-Submitted"] == "auto-generated"
    assert mail.text_of(received.message) == MAIL.text
    assert not received.tls
    own = [record.getMessage() for record in caplog.records if record.name.startswith("esign")]
    assert own == ["a mail was sent"]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_over_tls_the_server_s_certificate_is_checked(tmp_path: Path, scheme: str) -> None:
    context, trusted = mail.certified(tmp_path)
    tls, starttls = (context, None) if scheme == "smtps" else (None, context)
    with mail.serving(tls=tls, starttls=starttls) as server:
        send(f"{scheme}://127.0.0.1:{server.port}", smtp_ca_file=trusted)
        assert [each.tls for each in server.mails] == [True]
        with pytest.raises(MailUnavailable):
            send(f"{scheme}://127.0.0.1:{server.port}")
        assert len(server.mails) == 1
    other, file = mail.certified(tmp_path, "mail.elsewhere.test")
    tls, starttls = (other, None) if scheme == "smtps" else (None, other)
    with mail.serving(tls=tls, starttls=starttls) as server, pytest.raises(MailUnavailable):
        send(f"{scheme}://127.0.0.1:{server.port}", smtp_ca_file=file)
    assert server.mails == []


def test_without_starttls_nothing_is_sent_where_it_is_asked_for() -> None:
    with mail.serving() as server, pytest.raises(MailUnavailable):
        send(f"smtp://127.0.0.1:{server.port}")
    assert server.mails == []


def test_a_user_logs_in(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    context, trusted = mail.certified(tmp_path)
    with mail.serving(starttls=context, auth=True) as server:
        url = f"smtp://{USER}@127.0.0.1:{server.port}"
        send(url, smtp_ca_file=trusted, smtp_password=SecretStr(PASSWORD))
        assert [each.user for each in server.mails] == [USER]
        with pytest.raises(MailUnavailable) as refused:
            send(url, smtp_ca_file=trusted, smtp_password=SecretStr("sandi salah"))
    assert refused.value.__cause__ is None
    assert "535" in caplog.text
    assert "sandi" not in caplog.text


@pytest.mark.parametrize(
    ("answer", "error"), [("550 no such user", MailRefused), ("450 mailbox busy", MailUnavailable)]
)
def test_an_address_that_is_refused_for_good_is_told_from_one_for_now(answer: str, error: type[EsignError]) -> None:
    with mail.serving() as server:
        server.refuse_recipient = answer
        with pytest.raises(error):
            send(f"smtp://127.0.0.1:{server.port}", smtp_starttls=False)


def test_what_a_server_says_of_a_mail_is_told_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    with mail.serving() as server:
        server.refuse_data = "554 I don't like Kode: 123456"
        with pytest.raises(MailUnavailable) as refused:
            send(f"smtp://127.0.0.1:{server.port}", smtp_starttls=False)
    assert refused.value.__cause__ is None
    own = "".join(record.getMessage() for record in caplog.records if record.name.startswith("esign"))
    assert "554" in own
    assert "123456" not in own


@pytest.mark.parametrize(
    "lines",
    [(), (b"220 mail\r\n",), (b"220 mail\r\n", b"250 mail\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n")],
    ids=["no greeting", "no answer to EHLO", "no answer to the message"],
)
def test_a_server_that_hangs_is_given_up(lines: tuple[bytes, ...]) -> None:
    with mail.saying(*lines) as port:
        begun = time.monotonic()
        with pytest.raises(MailUnavailable):
            send(f"smtp://127.0.0.1:{port}", seconds=0.3, smtp_starttls=False)
        assert time.monotonic() - begun < 3


def test_a_mail_that_was_taken_is_sent_though_the_server_hangs_up() -> None:
    taken = (b"220 mail\r\n", b"250 mail\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n", b"250 taken\r\n")
    with mail.saying(*taken) as port:
        send(f"smtp://127.0.0.1:{port}", smtp_starttls=False)


@pytest.mark.parametrize("lines", [(b"\xff" * 3000,), (b"554 go away\r\n",), (b"HTTP/1.1 200 OK\r\n",)])
def test_what_is_no_mail_server_is_not_available(lines: tuple[bytes, ...]) -> None:
    with mail.saying(*lines) as port, pytest.raises(MailUnavailable):
        send(f"smtp://127.0.0.1:{port}", seconds=0.3, smtp_starttls=False)


def test_nobody_listens() -> None:
    with mail.saying() as port:
        pass
    with pytest.raises(MailUnavailable):
        send(f"smtp://127.0.0.1:{port}")
    with pytest.raises(MailUnavailable):
        send("smtp://nowhere.invalid")


@pytest.mark.parametrize(
    "to", ["a,b@contoh.go.id", "<x>@contoh.go.id", "sari@contoh.go.id,budi@contoh.go.id", "a\x00@b"]
)
def test_an_address_names_one_person_or_nobody(to: str) -> None:
    with mail.serving() as server:
        try:
            send(f"smtp://127.0.0.1:{server.port}", Mail(to, MAIL.subject, MAIL.text), smtp_starttls=False)
        except (MailRefused, MailUnavailable):
            assert server.mails == []
        else:
            ((recipient,),) = (each.to for each in server.mails)
            assert recipient.rpartition("@")[2] == to.rpartition("@")[2]


@pytest.mark.parametrize("to", ["sari\r\nRCPT TO:<x@y>@contoh.go.id", "sari@contoh.go.id\r\nBcc: x@y", "sari", ""])
def test_an_address_that_is_none_is_refused_before_anything_is_sent(to: str) -> None:
    with mail.serving() as server, pytest.raises((MailRefused, MailUnavailable)):
        send(f"smtp://127.0.0.1:{server.port}", Mail(to, MAIL.subject, MAIL.text), smtp_starttls=False)
    assert server.mails == []


def test_a_file_of_authorities_that_can_not_be_read_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    for file in ("no.pem", "nowhere.pem"):
        with pytest.raises(ConfigurationError, match="ESIGN_SMTP_CA_FILE"):
            send("smtp://127.0.0.1", smtp_ca_file=tmp_path / file)


# --- without a server


def test_in_development_mail_lies_in_a_folder_for_nobody_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    outbox = Outbox(tmp_path / "var/outbox", FixedClock(NOW))
    outbox(MAIL)
    (file,) = outbox.mails()
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"Kode: 123456" in file.read_bytes()
    assert "123456" not in caplog.text


def test_the_outbox_keeps_the_newest(tmp_path: Path) -> None:
    for number in range(OUTBOX_KEEPS + 5):
        Outbox(tmp_path, FixedClock(NOW.replace(microsecond=number)))(Mail("a@b.id", "s", f"Kode: {number}\n"))
    kept = Outbox(tmp_path, FixedClock(NOW)).mails()
    assert len(kept) == OUTBOX_KEEPS
    assert f"Kode: {OUTBOX_KEEPS + 4}\n".encode() in kept[0].read_bytes().replace(b"\r\n", b"\n")


def test_in_production_without_a_server_mail_is_refused_by_the_setting_s_name() -> None:
    settings = Settings().model_copy(update={"environment": "production"})
    with pytest.raises(MailNotSetUp, match="ESIGN_SMTP_URL"):
        mailer(settings, FixedClock(NOW))(MAIL)
