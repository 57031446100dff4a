"""A small eSign Client Service on a real socket: pyHanko writes the files, the dev CA's keys sign them.

It knows the good way of the contract and no other; what goes wrong is said by the test that wants it, in the place of
an answer (`Service.instead`) or of a file (`Service.spoil`).
"""

import base64
import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from asn1crypto import algos, tsp
from PIL import Image
from pyhanko.pdf_utils.images import PdfImage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers, timestamps
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from esign.ca.authority import Consent, Secret
from esign.ca.dev import DevActivation, DevCa
from esign.pdf.geometry import Box
from esign.pdf.pages import PageTree
from esign.pdf.revisions import PdfFile

USER, PASSWORD = "aplikasi-surat", "sandi aplikasi: 1"
TOTP, ACTIVATION = "482913", "771204"


@dataclass
class Person:
    """Somebody whom the service knows."""

    holder: str
    """At the dev CA."""
    passphrase: str
    status: str = "ISSUE"
    status_code: int = 1111


@dataclass(frozen=True)
class Said:
    """What the service says instead of an answer."""

    status: int
    body: bytes
    cut: int | None = None
    """The connection ends after so many octets of the body."""
    silent: bool = False
    """It takes the request, and never answers."""
    content_type: str = "application/json"


@dataclass(frozen=True)
class Request:
    """What came in."""

    path: str
    fields: dict[str, object]
    length: int


Instead = Callable[[Request], Said | None]


@dataclass
class Service:
    """The service. ``people`` are known by NIK, e-mail address or subscriber's number."""

    ca: DevCa
    people: dict[str, Person]
    sub_filter: fields.SigSeedSubFilter = fields.SigSeedSubFilter.PADES
    stamped: bool = True
    """Whether its signatures have a time-stamp."""
    rect: str = "corners"
    fills: bool = False
    """Whether it signs in the field that it is told, as EU DSS does."""
    chains: bool = True
    """Whether it tells certificates."""
    spoil: Callable[[bytes, bytes], bytes] | None = None
    """From what was sent and what was signed to what is given back."""
    instead: Instead = lambda _request: None
    reshape: Callable[["Said"], "Said"] = lambda said: said
    """From an answer of the good way to one of another form."""
    requests: list[Request] = field(default_factory=list)
    url: str = ""
    released: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator["Service"]:
        """On a port of its own."""
        service = self

        class Handler(_Handler):
            esign = service

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            self.released.set()
            server.shutdown()
            server.server_close()
            thread.join()

    def asked(self, path: str) -> list[Request]:
        """The requests whose path begins so."""
        return [each for each in self.requests if each.path.startswith(path)]

    # --- what it does

    def answer(self, request: Request, files: dict[str, bytes]) -> Said:
        match request.path.split("/")[2:]:
            case ["v2", "user", "check", "status"]:
                return self._status(str(request.fields.get("nik") or request.fields.get("email")))
            case ["user", "status", nik]:
                return self._status(nik)
            case ["v2", "user", "certificate", "chain", who] | ["user", "certificate", "chain", who]:
                return self._chain(who.replace("%40", "@"))
            case ["v2", "sign", "get", "totp"]:
                return _said({"success": True, "message": "TOTP berhasil dikirim", "data": None})
            case ["v2", "seal", "get", "activation"]:
                return self._activation(request)
            case ["v2", "seal", "revoke", "activation"]:
                return _said({"success": True, "message": "dicabut", "data": None})
            case ["v2", "seal", "get", "totp"]:
                if request.fields["totp"] != ACTIVATION:
                    return refusal(2041, "TOTP Aktivasi tidak valid")
                code = f"{TOTP}:{request.fields['data']}"
                end = "2099-08-07T04:24:40.927+0000"
                return _said({"message": "TOTP berhasil dibuat", "totp": code, "expires": end, "result": True})
            case ["v2", "sign", "pdf"] | ["v2", "seal", "pdf"]:
                return self._signed(request)
            case ["sign", "pdf"]:
                return self._signed_form(request, files)
            case _:
                return Said(404, b"{}")

    def _status(self, who: str) -> Said:
        person = self.people.get(who)
        if person is None:
            return _said({"status_code": 2011, "status": "NOT_REGISTERED", "message": "User belum terdaftar"})
        return _said({"status_code": person.status_code, "status": person.status, "message": "…"})

    def _chain(self, who: str) -> Said:
        person = self.people.get(who)
        if person is None or not self.chains:
            return Said(400, b"not json")
        credential = self.ca.credential(person.holder)
        if credential.certificate is None:
            return Said(400, b"not json")
        chain = [credential.certificate, *credential.chain]
        return _said({"success": True, "data": [base64.b64encode(each.dump()).decode() for each in chain]})

    def _activation(self, request: Request) -> Said:
        if "totp" not in request.fields:
            return _said({"success": True, "message": "TOTP Aktivasi berhasil dikirim", "data": None})
        if request.fields["totp"] != ACTIVATION:
            return refusal(2041, "TOTP Aktivasi tidak valid")
        told = {
            "message": "masih berlaku",
            "totp": ACTIVATION,
            "expires": "2099-08-07T04:24:40.927+0000",
            "result": True,
        }
        return _said({"success": True, "message": None, "data": told})

    def _signed(self, request: Request) -> Said:
        fields_ = request.fields
        who = str(fields_.get("nik") or fields_.get("email") or fields_.get("idSubscriber"))
        person = self.people.get(who)
        if person is None:
            return refusal(2011, "User tidak terdaftar")
        files, properties = (
            cast("list[str]", fields_["file"]),
            cast("list[dict[str, object]]", fields_["signatureProperties"]),
        )
        if "totp" in fields_:
            right = fields_["totp"] in (TOTP, f"{TOTP}:{len(files)}")
            if not right:
                return refusal(2031, "TOTP salah")
        elif fields_["passphrase"] != person.passphrase:
            return refusal(2031, "Passphrase anda salah")
        assert len(properties) == len(files)
        out = []
        for each, told in zip(files, properties, strict=True):
            pdf = base64.b64decode(each)
            out.append(base64.b64encode(self._file(pdf, person, _placed_v2(pdf, told), told)).decode())
        return _said({"time": 862, "file": out})

    def _signed_form(self, request: Request, files: dict[str, bytes]) -> Said:
        fields_ = request.fields
        person = self.people.get(str(fields_["nik"]))
        if person is None:
            return refusal(400, "Proses signing gagal : User tidak terdaftar 2011")
        if fields_["passphrase"] != person.passphrase:
            return refusal(400, "Proses signing gagal : Passphrase anda salah 2031")
        pdf = files["file"]
        placed = None
        if fields_["tampilan"] == "visible":
            left, bottom, width, height = (float(str(fields_[name])) for name in ("xAxis", "yAxis", "width", "height"))
            right, top = (width, height) if self.rect == "corners" else (left + width, bottom + height)
            placed = Placed(int(str(fields_["page"])), Box(left, bottom, right, top), files["imageTTD"])
        return Said(200, self._file(pdf, person, placed, fields_), content_type="application/pdf")

    def _file(self, pdf: bytes, person: Person, placed: "Placed | None", told: dict[str, object]) -> bytes:
        with self.ca.activate(person.holder, Consent(Secret(person.passphrase))) as activation:
            words = {name: cast("str", told[name]) for name in ("reason", "location") if name in told}
            name = str(told["fieldId"]) if self.fills and "fieldId" in told else None
            made = signed(pdf, activation, self, placed, name, existing=name is not None, **words)
        return made if self.spoil is None else self.spoil(pdf, made)


@dataclass(frozen=True)
class Placed:
    """A picture on a page, from 1, in displayed space."""

    page: int
    box: Box
    png: bytes


def signed(
    pdf: bytes,
    activation: DevActivation,
    service: Service,
    placed: Placed | None = None,
    name: str | None = None,
    *,
    existing: bool = False,
    **words: str,
) -> bytes:
    """The file with one signature more, as the service makes it."""
    name = name or f"sig_{sha256(pdf).hexdigest()[:13]}"
    spec, style = fields.SigFieldSpec(name), None
    if placed is not None:
        geometry = PageTree(PdfFile(pdf).view())[placed.page].geometry
        rect = geometry.to_user_space(placed.box)
        spec = fields.SigFieldSpec(name, on_page=placed.page - 1, box=_whole(rect))
        picture = PdfImage(Image.open(io.BytesIO(placed.png)).rotate(geometry.rotate, expand=True))
        style = StaticStampStyle(border_width=0, background=picture, background_opacity=1)
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    metadata = signers.PdfSignatureMetadata(name, md_algorithm="sha256", subfilter=service.sub_filter, **words)  # type: ignore[arg-type]
    signer = signers.PdfSigner(
        metadata,
        _Hand(activation),
        timestamper=_Stamper(service.ca) if service.stamped else None,
        stamp_style=style,
        new_field_spec=None if existing else spec,
    )
    return bytes(signer.sign_pdf(writer, existing_fields_only=existing).getvalue())


def _whole(rect: Box) -> tuple[int, int, int, int]:
    return round(rect.left), round(rect.bottom), round(rect.right), round(rect.top)


class _Hand(signers.Signer):
    """Signs with an opened key of the dev CA."""

    def __init__(self, activation: DevActivation) -> None:
        store = SimpleCertificateStore()
        store.register_multiple([activation.certificate, *activation.chain[:-1]])
        mechanism = algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"})
        super().__init__(signing_cert=activation.certificate, cert_registry=store, signature_mechanism=mechanism)
        self._activation = activation

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if dry_run:
            return bytes(512)
        return self._activation.sign_digests([sha256(data).digest()], digest_algorithm)[0]


class _Stamper(timestamps.TimeStamper):
    def __init__(self, ca: DevCa) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._ca = ca

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._ca.timestamp_authority.reply(req.dump()))


def refusal(code: int, text: str, status: int = 400) -> Said:
    """As the service refuses."""
    return Said(status, json.dumps({"error": text, "status_code": code}).encode())


def blank_500(path: str = "/api/v2/sign/pdf") -> Said:
    """What Spring says of an exception that nobody caught."""
    told = {"timestamp": "2026-11-23T05:00:00.000+0000", "status": 500, "error": "Internal Server Error", "path": path}
    return Said(500, json.dumps(told).encode())


def _said(told: object) -> Said:
    return Said(200, json.dumps(told).encode())


def _placed_v2(pdf: bytes, told: dict[str, object]) -> Placed | None:
    if told["tampilan"] != "VISIBLE":
        return None
    page = int(str(told["page"]))
    x, y, width, height = (float(str(told[name])) for name in ("originX", "originY", "width", "height"))
    top = PageTree(PdfFile(pdf).view())[page].geometry.displayed_size[1] - y
    return Placed(page, Box(x, top - height, x + width, top), base64.b64decode(str(told["imageBase64"])))


class _Handler(BaseHTTPRequestHandler):
    esign: Service
    protocol_version = "HTTP/1.1"
    timeout = 20

    def do_GET(self) -> None:
        self._handle({}, {})

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if self.headers["Content-Type"].startswith("multipart/"):
            told, files = _form(self.headers["Content-Type"], body)
            self._handle(told, files, length)
        else:
            self._handle(json.loads(body), {}, length)

    def _handle(self, told: dict[str, object], files: dict[str, bytes], length: int = 0) -> None:
        request = Request(self.path, told, length)
        service = self.esign
        service.requests.append(request)
        expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        said = service.instead(request)
        if said is None and self.headers["Authorization"] != expected:
            told = {"timestamp": "…", "status": 401, "error": "Unauthorized", "path": self.path}
            said = Said(401, json.dumps(told).encode())
        self._say(said or service.reshape(service.answer(request, files)))

    def _say(self, said: Said) -> None:
        self.close_connection = True
        if said.silent:
            self.esign.released.wait(20)
            return
        self.send_response(said.status)
        self.send_header("Content-Type", said.content_type)
        self.send_header("Content-Length", str(len(said.body)))
        self.end_headers()
        self.wfile.write(said.body if said.cut is None else said.body[: said.cut])
        if said.cut is not None:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


def _form(content_type: str, body: bytes) -> tuple[dict[str, object], dict[str, bytes]]:
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    told: dict[str, object] = {}
    files: dict[str, bytes] = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content = cast("bytes", part.get_payload(decode=True))
        if part.get_filename() is not None:
            files[name] = content
        else:
            told[name] = content.decode()
    return told, files
