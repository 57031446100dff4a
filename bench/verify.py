"""Verifying: the whole report of a signed file, against plain pyHanko and against the least that any verifier must do.

LIMIT hashes the bytes once for each signature and does the public-key operations of a B-LT signature: signature value,
time-stamp, OCSP answer and two certificates. pyHanko validates each signature with its revocation data at hand, its
difference analysis included. A letter with several signatures, and one whose form was filled in after it was signed,
are changed letters: there the second reader (PDFium) looks at what was added, and has a row of its own.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from asn1crypto import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore

from bench.harness import Table, compare
from esign.ca.authority import Consent, Secret
from esign.ca.dev import DevActivation, DevCa, Subject
from esign.pades.evidence import EvidenceCache
from esign.pades.profile import Profile
from esign.pades.sign import SignRequest, sign
from esign.pades.spec import NewField
from esign.pdf.sandbox import InProcess, SandboxPool
from esign.verify.online import examine
from esign.verify.validate import validate, validate_in
from esign.x509.clock import SystemClock
from esign.x509.trust import TrustStore
from tests.legitimate.by_hand import append
from tests.legitimate.filled import fillings, form
from tests.letter_files import big

CASES: tuple[tuple[int, int, bool], ...] = (
    *((1, 1, False), (20, 1, False), (2000, 1, False)),
    *((1, 1, True), (2000, 1, True)),
    *((1, 5, False), (1, 20, False), (1, 50, False), (2000, 5, False)),
)
"""Pages, signatures, and whether a form was filled in after the first one."""
_PEER = "pyHanko as it comes"
_SLOW = ((2000, 1), (1, 50), (2000, 5))
"""Pages and signatures for which the peer takes so long that it runs once."""
KEY_OPERATIONS = 5
_SECOND = "esign, with the second reader"
_PASSPHRASE = Secret("kata sandi untuk uji")


def tables(seconds: float) -> Iterator[Table]:
    """One table for each number of pages and signatures."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ca = stack.enter_context(DevCa.create(folder / "ca", "http://127.0.0.1:8000", SystemClock()))
        ca.issue("bench", Subject("Budi Santoso", "Pemerintah Kabupaten Contoh"), _PASSPHRASE)
        signer = stack.enter_context(ca.activate("bench", Consent(_PASSPHRASE)))
        sandbox = stack.enter_context(SandboxPool("parse", workers=1))
        render = stack.enter_context(SandboxPool("render", workers=1))
        sandbox.wait_ready()
        render.wait_ready()
        trust = TrustStore(anchors=tuple(ca.roots()))
        for pages, signatures, filled in CASES:
            letter = _filled(ca, signer, pages) if filled else _signed(ca, signer, big(pages), signatures)
            report = validate(letter, trust, datetime.now(UTC))
            if not report.genuine:
                raise RuntimeError(f"what is measured must be genuine: {report.sentence.en}")
            contenders: dict[str, Callable[[], object]] = {
                "LIMIT": _least(letter, signatures),
                "esign": lambda letter=letter: validate(letter, trust, datetime.now(UTC)),  # type: ignore[misc]
                "esign, through the sandbox": lambda letter=letter: validate_in(  # type: ignore[misc]
                    sandbox, letter, trust, datetime.now(UTC), timeout=60
                ),
                _SECOND: lambda letter=letter: examine(  # type: ignore[misc]
                    letter, trust, SystemClock(), sandbox, renderer=render, timeout=60
                ),
                _PEER: lambda letter=letter: _pyhanko(letter, list(ca.roots())),  # type: ignore[misc]
            }
            if signatures == 1 and not filled:
                del contenders[_SECOND]  # which is not asked about a letter to which nothing was added
            changed = ", a form filled in afterwards" if filled else ""
            title = f"B-LT, {pages} page(s), {signatures} signature(s){changed}, {len(letter) // 1000:,} kB, RSA-2048"
            once = (_PEER,) if (pages, signatures) in _SLOW else ()
            yield compare(title, contenders, references=("LIMIT", _PEER), seconds=seconds, once=once)


def _filled(ca: DevCa, signer: DevActivation, pages: int) -> bytes:
    """A letter with a form, signed, and then filled in: a change that is permitted."""
    blank = form(big(pages))
    letter = _signed(ca, signer, blank.pdf, 1)
    _, objects = next(fillings(blank, letter))
    return append(letter, objects)


def _signed(ca: DevCa, signer: DevActivation, letter: bytes, signatures: int) -> bytes:
    cache = EvidenceCache()
    for number in range(signatures):
        box = (40, 40 + 30 * number, 140, 60 + 30 * number)
        letter = sign(
            letter,
            SignRequest(Profile.B_LT, NewField(rect=box), datetime.now(UTC), name="Budi Santoso"),
            signer,
            timestamps=ca.timestamps(),
            revocation=ca.revocation(),
            runner=InProcess(),
            clock=SystemClock(),
            cache=cache,
        ).pdf
    return letter


def _least(letter: bytes, signatures: int) -> Callable[[], None]:
    """LIMIT."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public, value = key.public_key(), key.sign(b"least", padding.PKCS1v15(), SHA256())

    def work() -> None:
        for _ in range(signatures):
            hashlib.sha256(letter).digest()
            for _ in range(KEY_OPERATIONS):
                public.verify(value, b"least", padding.PKCS1v15(), SHA256())

    return work


def _pyhanko(letter: bytes, roots: list[x509.Certificate]) -> None:
    """Each signature with the revocation data of the file, as pyHanko's documentation has it."""
    reader = PdfFileReader(BytesIO(letter))
    context = DocumentSecurityStore.read_dss(reader).as_validation_context(
        {"trust_roots": roots, "allow_fetching": False}
    )
    for embedded in reader.embedded_regular_signatures:
        status = validate_pdf_signature(embedded, context)
        if not (status.intact and status.valid and status.trusted):
            raise RuntimeError("pyHanko finds it unsound")
