"""Signing: a stamped letter at B-B and B-LT, against plain pyHanko and against the least that any signer must do.

LIMIT copies the bytes, hashes them once, does one private-key operation and writes the file; for B-LT it does three
operations (signature, time-stamp, OCSP answer). Every contender writes its file.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from asn1crypto import keys as asn1_keys
from asn1crypto import ocsp, tsp
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.stamp import QRStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from bench.harness import Table, compare
from esign.ca.authority import Consent, Secret
from esign.ca.dev import DevActivation, DevCa, Subject
from esign.pades.evidence import EvidenceCache
from esign.pades.profile import Profile
from esign.pades.sign import SignRequest, sign
from esign.pades.spec import NewField
from esign.pades.stamp import StampContent, draw
from esign.pades.theme import StampTheme
from esign.pdf.sandbox import InProcess, Runner, SandboxPool
from esign.x509 import keys
from esign.x509.clock import SystemClock
from tests.letter_files import big

ADDRESS = "HTTPS://SURAT.CONTOHKAB.GO.ID/V/0123456789ABCDEFGHJKMNPQRS"
BOX = (60, 60, 290, 140)
PAGES = (1, 20, 2000)
_PASSPHRASE = Secret("kata sandi untuk uji")


def tables(seconds: float) -> Iterator[Table]:
    """One table for each level and number of pages."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ca = stack.enter_context(DevCa.create(folder / "ca", "http://127.0.0.1:8000", SystemClock()))
        ca.issue("bench", Subject("Budi Santoso", "Pemerintah Kabupaten Contoh"), _PASSPHRASE)
        signer = stack.enter_context(ca.activate("bench", Consent(_PASSPHRASE)))
        sandbox = stack.enter_context(SandboxPool("parse", workers=1))
        sandbox.wait_ready()
        office = _Office(ca, signer, sandbox, folder)
        for profile in (Profile.B_B, Profile.B_LT):
            for pages in PAGES:
                yield office.table(profile, pages, seconds)


class _Office:
    """All that the contenders sign with: one RSA-2048 key, one dev CA in this process."""

    def __init__(self, ca: DevCa, signer: DevActivation, sandbox: SandboxPool, folder: Path) -> None:
        self.ca = ca
        self.signer = signer
        self.sandbox = sandbox
        self.out = folder / "out.pdf"
        key = signer._key  # every contender signs with the same key
        if key is None:
            raise RuntimeError("the activation has ended")
        self.key = key
        self.key_info = asn1_keys.PrivateKeyInfo.load(
            key.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self.content = StampContent(ADDRESS, "0123-4567-89AB", "Budi Santoso", office="Kepala Dinas Kominfo")
        self.drawing = draw(self.content, StampTheme(), BOX[2] - BOX[0], BOX[3] - BOX[1])
        self.cache = EvidenceCache()

    def table(self, profile: Profile, pages: int, seconds: float) -> Table:
        """The contenders on one letter."""
        letter = big(pages)
        operations = 3 if profile.includes(Profile.B_LT) else 1
        contenders: dict[str, Callable[[], object]] = {
            "LIMIT": lambda: self.least(letter, operations),
            "esign, stamp drawn before": lambda: self.ours(letter, profile, InProcess(), drawn=True),
            "esign": lambda: self.ours(letter, profile, InProcess(), drawn=False),
            "esign, through the sandbox": lambda: self.ours(letter, profile, self.sandbox, drawn=False),
            "pyHanko as it comes": lambda: self.pyhanko(letter, profile),
        }
        title = f"{profile}, {pages} page{'s' if pages > 1 else ''}, {len(letter) // 1000:,} kB, stamped, RSA-2048"
        return compare(title, contenders, references=("LIMIT", "pyHanko as it comes"), seconds=seconds)

    def least(self, letter: bytes, operations: int) -> None:
        """LIMIT."""
        copy = bytes(bytearray(letter))
        digest = hashlib.sha256(copy).digest()
        for _ in range(operations):
            keys.sign_digest(self.key, digest, "sha256")
        self.out.write_bytes(copy)

    def ours(self, letter: bytes, profile: Profile, runner: Runner, *, drawn: bool) -> None:
        """This service's library, the key open and its services in process."""
        drawing = self.drawing
        if not drawn:
            drawing = draw(self.content, StampTheme(), BOX[2] - BOX[0], BOX[3] - BOX[1])
        made = sign(
            letter,
            SignRequest(profile, NewField(rect=BOX), datetime.now(UTC), name="Budi Santoso", appearance=drawing),
            self.signer,
            timestamps=self.ca.timestamps(),
            revocation=self.ca.revocation(),
            runner=runner,
            clock=SystemClock(),
            cache=self.cache,
        )
        self.out.write_bytes(made.pdf)

    def pyhanko(self, letter: bytes, profile: Profile) -> None:
        """PyHanko as its documentation has it: a QR stamp with text, and for B-LT a validation context."""
        known = SimpleCertificateStore()
        known.register_multiple(self.signer.chain)
        signer = SimpleSigner(self.signer.certificate, self.key_info, known)
        long_term = profile.includes(Profile.B_LT)
        metadata = PdfSignatureMetadata(
            field_name="Signature1",
            subfilter=SigSeedSubFilter.PADES,
            md_algorithm="sha256",
            embed_validation_info=long_term,
            validation_context=self._context() if long_term else None,
        )
        writer = IncrementalPdfFileWriter(BytesIO(letter), strict=False)
        pdf_signer = PdfSigner(
            metadata,
            signer,
            timestamper=_InProcessStamper(self.ca) if long_term else None,
            stamp_style=QRStampStyle(stamp_text="Ditandatangani oleh\n%(signer)s\n%(url)s"),
            new_field_spec=SigFieldSpec("Signature1", on_page=0, box=BOX),
        )
        made = pdf_signer.sign_pdf(writer, appearance_text_params={"url": ADDRESS})
        self.out.write_bytes(made.getbuffer())

    def _context(self) -> ValidationContext:
        """What pyHanko needs to know for B-LT, all at hand: it asks nobody."""
        stamps = self.ca.timestamps().certificates()
        pairs = [
            (self.signer.certificate, self.signer.chain[0]),
            (self.signer.chain[0], self.signer.chain[1]),
            (stamps[0], stamps[1]),
        ]
        answers = [self.ca.revocation().ocsp(*pair) for pair in pairs]
        return ValidationContext(
            trust_roots=list(self.ca.roots()),
            other_certs=[*self.signer.chain, *stamps],
            ocsps=[ocsp.OCSPResponse.load(answer) for answer in answers if answer is not None],
            allow_fetching=False,
        )


class _InProcessStamper(TimeStamper):
    """PyHanko's side of the dev CA's time-stamp authority."""

    def __init__(self, ca: DevCa) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._ca = ca

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._ca.timestamp_authority.reply(req.dump()))
