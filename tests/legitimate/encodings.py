"""Messages as many programs encode them: BER, other algorithms, further attributes, many certificates."""

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from pathlib import Path

from asn1crypto import parser
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7

from esign.verify.report import Verdict
from esign.x509 import der
from tests.attacks.authority import NOW, Authority, Holder, rsa_key
from tests.attacks.messages import Message, attribute, signature_value, token
from tests.legitimate.by_hand import Manner, sign_by_hand
from tests.legitimate.made import AUTHORITY, OFFICIAL, SECOND, SOUND, STAMPER, Build, Made, sha256
from tests.programs import call, require_program

_OTHERS = tuple(Authority(f"Otoritas {number}").root.der for number in range(12))
_TSP = Manner(size=24_000)
NOT_ALARMED = frozenset({Verdict.GENUINE, Verdict.INDETERMINATE})
"""For forms that keep a signature from being genuine without casting doubt on the file."""


def built(**changes: object) -> Build:
    """A message with other parts than the plain one."""
    return lambda data: replace(Message(OFFICIAL, sha256(data)), **changes).build()  # type: ignore[arg-type]


_PLAIN = built()


def stamped(build: Build = _PLAIN, count: int = 1, **changes: object) -> Build:
    """A message with time-stamps."""

    def stamp(data: bytes) -> bytes:
        plain = build(data)
        value = signature_value(plain)
        tokens = tuple(token(STAMPER, sha256(value), NOW - timedelta(minutes=5 + n)) for n in range(count))
        message = replace(Message(OFFICIAL, sha256(data)), tokens=tokens, spoil=lambda _: value, **changes)  # type: ignore[arg-type]
        return message.build()

    return stamp


def own(pdf: bytes) -> Iterator[Made]:
    """Built piece by piece."""
    time = attribute("1.2.840.113549.1.9.5", der.tlv(0x17, NOW.strftime("%y%m%d%H%M%SZ").encode()))
    late = attribute("1.2.840.113549.1.9.5", der.generalized_time(NOW))
    capabilities = attribute("1.2.840.113549.1.9.15", der.sequence(der.sequence(der.oid("2.16.840.1.101.3.4.1.42"))))
    archival = attribute("1.2.840.113583.1.1.8", der.sequence(der.explicit(0, der.sequence(AUTHORITY.crl()))))
    protection = attribute(
        "1.2.840.113549.1.9.52",
        der.sequence(der.sequence(der.oid("2.16.840.1.101.3.4.2.1")), der.tlv(0xA1, der.oid("1.2.840.10045.4.3.2"))),
    )
    old = der.sequence(der.sequence(der.sequence(der.octet_string(hashlib.sha1(OFFICIAL.der).digest()))))
    version_one = attribute("1.2.840.113549.1.9.16.2.12", old)
    unknown = attribute("1.2.3.4.5.6.7", der.octet_string(b"anything"))
    kinds: dict[str, Build] = {
        "no signing certificate": built(signing_certificate=None),
        "old signing certificate": built(signing_certificate=None, extra_attributes=(version_one,)),
        "both signing certificates": built(extra_attributes=(version_one,)),
        "signing time": built(extra_attributes=(time,)),
        "signing time of another type": built(extra_attributes=(late,)),
        "capabilities": built(extra_attributes=(capabilities,)),
        "revocation data of Adobe": built(extra_attributes=(archival,)),
        "algorithm protection": built(extra_attributes=(protection,)),
        "unknown attribute": built(extra_attributes=(unknown,)),
        "all of them": built(extra_attributes=(time, capabilities, archival, unknown)),
        "chain": built(certificates=(OFFICIAL.der, AUTHORITY.root.der)),
        "chain from the root": built(certificates=(AUTHORITY.root.der, OFFICIAL.der)),
        "many certificates": built(certificates=(*_OTHERS, AUTHORITY.root.der, OFFICIAL.der, SECOND.der, STAMPER.der)),
        "a certificate twice": built(certificates=(OFFICIAL.der, OFFICIAL.der)),
        "no parameters": built(parameters=False),
        "RSA": built(holder=AUTHORITY.issue("RSA", key=rsa_key(2048))),
        "RSA of 3072 bits": built(holder=AUTHORITY.issue("RSA 3072", key=rsa_key(3072))),
        "time-stamp": stamped(),
        "two time-stamps": stamped(count=2),
        "time-stamp, old Indonesian": stamped(built(signing_certificate=None), signing_certificate=None),
    }
    kinds["digest sha512"] = lambda data: Message(OFFICIAL, hashlib.sha512(data).digest(), algorithm="sha512").build()
    for name, build in kinds.items():
        yield Made(name, sign_by_hand(pdf, _TSP, build))
        yield Made(f"{name}, indefinite lengths", sign_by_hand(pdf, _TSP, partial(_indefinite, build)))


def _indefinite(build: Build, data: bytes) -> bytes:
    """The message with indefinite lengths wherever attributes and certificates allow it."""
    return indefinite(build(data), 5)


def indefinite(encoded: bytes, depth: int) -> bytes:
    """A value and its constructed parts, down to a depth, with lengths that are not told; [0] in SignerInfo stays."""
    return _ber(encoded, depth, ())


def _ber(encoded: bytes, depth: int, path: tuple[int, ...]) -> bytes:
    identifier = encoded[0]
    if depth == 0 or not identifier & 0x20 or (path[-3:] == (0x30, 0x31, 0x30) and identifier == 0xA0):
        return encoded
    if path[-2:] == (0x30, 0xA0) and len(path) > 3:
        return encoded  # certificates
    _, _, _, _, body, _ = parser.parse(encoded)
    parts, position = b"", 0
    while position < len(body):
        _, _, _, head, inner, trailer = parser.parse(body[position:], strict=False)
        length = len(head) + len(inner) + len(trailer)
        parts += _ber(body[position : position + length], depth - 1, (*path, identifier))
        position += length
    return bytes([identifier]) + b"\x80" + parts + b"\0\0"


# --- programs ------------------------------------------------------------------------------------


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="sound-"))


def _files(name: str, holder: Holder) -> tuple[Path, Path]:
    key, certificate = _folder() / f"{name}.key", _folder() / f"{name}.pem"
    private = holder.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key.write_bytes(private)
    certificate.write_bytes(holder.certificate.public_bytes(serialization.Encoding.PEM))
    return key, certificate


def _openssl(name: str, holder: Holder, options: tuple[str, ...], data: bytes) -> bytes:
    key, certificate = _files(name.replace(" ", "-"), holder)
    content, made = _folder() / "content", _folder() / "made"
    content.write_bytes(data)
    command: list[str | Path] = [require_program("openssl"), options[0], "-sign", "-binary", "-outform", "DER"]
    done = call([*command, "-in", content, "-out", made, "-signer", certificate, "-inkey", key, *options[1:]])
    assert done.returncode == 0, done.stderr
    return made.read_bytes()


def by_openssl(pdf: bytes) -> Iterator[Made]:
    """Messages of openssl, by every kind of key and digest."""
    rsa_holder = AUTHORITY.issue("RSA", key=rsa_key(2048))
    holders: dict[str, Holder] = {
        "RSA": rsa_holder,
        "P-256": OFFICIAL,
        "P-384": AUTHORITY.issue("P-384", key=_curve("P-384")),
        "P-521": AUTHORITY.issue("P-521", key=_curve("P-521")),
    }
    for name, holder in holders.items():
        for digest in ("sha256", "sha384", "sha512"):
            for more in ((), ("-cades",), ("-nosmimecap",)):
                told = f"{name} {digest} {' '.join(more)}"
                options = ("cms", "-md", digest, *more)
                yield Made(told, sign_by_hand(pdf, _TSP, partial(_openssl, name, holder, options)))
        yield Made(
            f"{name} smime", sign_by_hand(pdf, _TSP, partial(_openssl, name, holder, ("smime", "-md", "sha256")))
        )
    for digest in ("sha256", "sha384", "sha512"):
        options = ("cms", "-md", digest, "-keyopt", "rsa_padding_mode:pss")
        yield Made(f"PSS {digest}", sign_by_hand(pdf, _TSP, partial(_openssl, "pss", rsa_holder, options)))
    yield Made(
        "no attributes",
        sign_by_hand(pdf, _TSP, partial(_openssl, "RSA", rsa_holder, ("cms", "-md", "sha256", "-noattr"))),
        NOT_ALARMED,
    )


@cache
def _curve(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key({"P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}[name])


def by_cryptography(pdf: bytes) -> Iterator[Made]:
    """Messages of pyca/cryptography."""
    holder = AUTHORITY.issue("RSA", key=rsa_key(2048))
    option = pkcs7.PKCS7Options
    choices = {
        "usual": [option.DetachedSignature, option.Binary],
        "no capabilities": [option.DetachedSignature, option.Binary, option.NoCapabilities],
        "no attributes": [option.DetachedSignature, option.Binary, option.NoAttributes],
    }
    for name, options in choices.items():
        for algorithm in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):

            def build(
                data: bytes, options: list[pkcs7.PKCS7Options] = options, algorithm: hashes.HashAlgorithm = algorithm
            ) -> bytes:
                assert isinstance(holder.key, rsa.RSAPrivateKey)
                builder = pkcs7.PKCS7SignatureBuilder().set_data(data)
                builder = builder.add_signer(holder.certificate, holder.key, algorithm)  # type: ignore[arg-type]
                builder = builder.add_certificate(AUTHORITY.root.certificate)
                return builder.sign(serialization.Encoding.DER, options)

            right = NOT_ALARMED if name == "no attributes" else SOUND
            yield Made(f"{name} {algorithm.name}", sign_by_hand(pdf, _TSP, build), right)
