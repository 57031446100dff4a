"""Letters that somebody else has signed, with pyHanko and a certificate authority whose keys anybody can compute.

Keys, serial numbers and times follow from constants, so that the same letters come out each time; the keys are worth
nothing, and no trust store holds the root.
"""

import hashlib
import io
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from unittest.mock import patch

from asn1crypto import keys, x509
from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.metadata import info, xmp_xml
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.signers import pdf_signer
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.stamp import TextStampStyle, text
from pyhanko_certvalidator.registry import SimpleCertificateStore

SIGNED_AT = datetime(2026, 1, 6, 9, 30, tzinfo=timezone(timedelta(hours=7)))
_FROM, _UNTIL = datetime(2025, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC)


def signed(pdf: bytes, *, field: str = "Signature1", subfilter: SigSeedSubFilter = SigSeedSubFilter.PADES, time_stamp: bool = False,
           certify: MDPPerm | None = None, prepare: tuple[str, ...] = (), box: tuple[int, int, int, int] | None = (330, 28, 530, 78)) -> bytes:  # fmt: skip
    """The letter with a visible signature on its last page; ``prepare`` names empty fields that its revision adds too."""
    with _nothing_random(field):
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        signer = SimpleSigner(
            signing_cert=_certificate("Bambang Prakoso"), signing_key=_private_key("Bambang Prakoso"),
            cert_registry=SimpleCertificateStore.from_certs([_certificate("CA Penerbit Contoh"), root()]),
        )  # fmt: skip
        stamper = DummyTimeStamper(
            _certificate("TSA Contoh"), _private_key("TSA Contoh"), fixed_dt=SIGNED_AT, include_nonce=False
        )
        meta = PdfSignatureMetadata(
            field_name=field, md_algorithm="sha256", subfilter=subfilter, reason="Menyetujui isi surat", location="Tirtamulya",
            certify=certify is not None, docmdp_permissions=certify or MDPPerm.FILL_FORMS,
        )  # fmt: skip
        for number, name in enumerate(prepare):
            _add_field(writer, name, (60, 100 + 100 * number, 230, 180 + 100 * number))
        out = PdfSigner(
            meta, signer, timestamper=stamper if time_stamp else None,
            stamp_style=TextStampStyle(stamp_text="Ditandatangani secara elektronik oleh\n%(signer)s\n%(ts)s"),
            new_field_spec=SigFieldSpec(field, on_page=-1, box=box),
        ).sign_pdf(writer)  # fmt: skip
        return bytes(out.getbuffer())


def _add_field(writer: IncrementalPdfFileWriter, name: str, box: tuple[int, int, int, int]) -> None:
    append_signature_field(writer, SigFieldSpec(name, on_page=-1, box=box))


def root() -> x509.Certificate:
    """The root of all of them."""
    return _certificate("Root CA Contoh")


@cache
def _key(name: str) -> rsa.RSAPrivateKey:
    """An RSA-2048 key that follows from the name."""
    source = random.Random(hashlib.sha256(f"esign sample letters: {name}".encode()).digest())  # noqa: S311
    p, q = _prime(source), _prime(source)
    n, e = p * q, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(e, n)
    return rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public
    ).private_key()


def _prime(source: random.Random) -> int:
    while True:
        number = source.getrandbits(1024) | (3 << 1022) | 1
        if (
            number % 65537 != 1
            and all(number % small for small in (3, 5, 7, 11, 13, 17, 19, 23))
            and _probably_prime(number, source)
        ):
            return number


def _probably_prime(number: int, source: random.Random) -> bool:
    odd, power = number - 1, 0
    while odd % 2 == 0:
        odd, power = odd // 2, power + 1
    for _ in range(40):
        x = pow(source.randrange(2, number - 1), odd, number)
        if x in (1, number - 1):
            continue
        for _ in range(power - 1):
            x = x * x % number
            if x == number - 1:
                break
        else:
            return False
    return True


def _private_key(name: str) -> keys.PrivateKeyInfo:
    encoded = _key(name).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return keys.PrivateKeyInfo.load(encoded)


_ISSUER = {
    "Root CA Contoh": "Root CA Contoh",
    "CA Penerbit Contoh": "Root CA Contoh",
    "Bambang Prakoso": "CA Penerbit Contoh",
    "TSA Contoh": "CA Penerbit Contoh",
}


@cache
def _certificate(name: str) -> x509.Certificate:
    issuer, authority = _ISSUER[name], "CA" in name
    usage = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
         "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    usage |= (
        {"key_cert_sign": True, "crl_sign": True}
        if authority
        else {"digital_signature": True, "content_commitment": name != "TSA Contoh"}
    )
    builder = (
        certificates.CertificateBuilder(subject_name=_name(name), issuer_name=_name(issuer))
        .public_key(_key(name).public_key())
        .serial_number(int.from_bytes(hashlib.sha256(name.encode()).digest()[:15], "big"))
        .not_valid_before(_FROM).not_valid_after(_UNTIL)
        .add_extension(certificates.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(certificates.KeyUsage(**usage), critical=True)
        .add_extension(certificates.SubjectKeyIdentifier.from_public_key(_key(name).public_key()), critical=False)
        .add_extension(certificates.AuthorityKeyIdentifier.from_issuer_public_key(_key(issuer).public_key()), critical=False)
    )  # fmt: skip
    if name == "TSA Contoh":
        builder = builder.add_extension(
            certificates.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True
        )
    made = builder.sign(_key(issuer), hashes.SHA256())
    return x509.Certificate.load(made.public_bytes(serialization.Encoding.DER))


def _name(name: str) -> certificates.Name:
    return certificates.Name(
        [
            certificates.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
            certificates.NameAttribute(NameOID.ORGANIZATION_NAME, "Instansi Contoh"),
            certificates.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


@contextmanager
def _nothing_random(seed: str) -> Iterator[None]:
    """File identifiers, serial numbers and clock of pyHanko, from constants."""
    source = random.Random(seed)  # noqa: S311

    class Fixed(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]  # noqa: ARG003
            return SIGNED_AT

    with patch("os.urandom", source.randbytes), ExitStack() as clocks:
        for module in (pdf_signer, text, info, xmp_xml):
            clocks.enter_context(patch.object(module, "datetime", Fixed))
        yield
