"""What the CSC API answers, in the words of v1 and of v2."""

import base64
from datetime import UTC, datetime
from typing import Literal

from asn1crypto import x509
from asn1crypto.keys import NamedCurve
from cryptography.x509 import load_der_x509_certificate
from pydantic import JsonValue

from esign.api.csc.refusals import Refused, invalid
from esign.ca.authority import CredentialStatus
from esign.service import csc
from esign.service.csc import SigningCredential

Version = Literal["v1", "v2"]

METHODS = ("credentials/list", "credentials/info", "credentials/authorize", "signatures/signHash")
_RSA = "1.2.840.113549.1.1.1"
_WITH_RSA = {32: "1.2.840.113549.1.1.11", 48: "1.2.840.113549.1.1.12", 64: "1.2.840.113549.1.1.13"}
_WITH_EC = {32: "1.2.840.10045.4.3.2", 48: "1.2.840.10045.4.3.3", 64: "1.2.840.10045.4.3.4"}
_NO_PARAMETERS = base64.b64encode(b"\x05\x00").decode()
_STATUS = {
    CredentialStatus.EXPIRED: "expired",
    CredentialStatus.REVOKE: "revoked",
    CredentialStatus.SUSPEND: "suspended",
}


def info(version: Version, public_url: str, *, timestamps: bool) -> dict[str, JsonValue]:
    """The service itself."""
    codes = "credentials/sendOTP" if version == "v1" else "credentials/getChallenge"
    methods: list[JsonValue] = [*METHODS, codes, *(["signatures/timestamp"] if timestamps else []), "oauth2/token"]
    said: dict[str, JsonValue] = {
        "specs": "1.0.4.0" if version == "v1" else "2.0.0.2",
        "name": "esign",
        "logo": "",
        "region": "ID",
        "lang": "en-US",
        "description": "Electronic signatures for Indonesian local governments",
        "authType": ["oauth2client"],
        "oauth2": f"{public_url}/csc/{version}",
        "methods": methods,
    }
    if version == "v2":
        said |= {
            "asynchronousOperationMode": False,
            "signAlgorithms": {"algos": [_RSA, *_WITH_RSA.values(), *_WITH_EC.values()]},
            "signature_formats": {"formats": []},
            "conformance_levels": [],
        }
    return said


def credential(
    version: Version, found: SigningCredential, certificates: str, *, with_names: bool
) -> dict[str, JsonValue]:
    """One credential."""
    seen = found.seen
    usable = seen.status is CredentialStatus.ISSUE
    key: dict[str, JsonValue] = {"status": "enabled" if usable else "disabled"}
    cert: dict[str, JsonValue] = {"status": _STATUS.get(seen.status, "valid")}
    if seen.certificate is not None:
        key |= _key(seen.certificate)
        cert["certificates"] = [*_encoded(seen.certificate, *seen.chain)][: {"none": 0, "single": 1}.get(certificates)]
        if certificates == "none":
            del cert["certificates"]
        if with_names:
            cert |= _names(seen.certificate)
    return {
        "description": found.name,
        "key": key,
        "cert": cert,
        **(_asked_in_v1(found) if version == "v1" else _asked_in_v2(found)),
        "SCAL": "2",
        "multisign": csc.MOST_HASHES,
        "lang": "en-US",
    }


def refuse_algorithm(found: SigningCredential, oid: str, parameters: str | None, octets: int) -> None:
    """Raises `Refused` for an algorithm that is not that of the key over digests of so many octets."""
    certificate = found.seen.certificate
    rsa = certificate is not None and certificate.public_key.algorithm == "rsa"
    if oid not in ((_RSA, _WITH_RSA[octets]) if rsa else (_WITH_EC[octets],)):
        raise invalid("signAlgo")
    if parameters not in (None, "", _NO_PARAMETERS):
        raise invalid("signAlgoParams")


def refuse_operation(mode: str) -> None:
    """Raises `Refused` for anything but an answer at once."""
    if mode != "S":
        raise Refused("Invalid parameter operationMode")


def base64_of(octets: bytes) -> str:
    """In base64."""
    return base64.b64encode(octets).decode()


def _key(certificate: x509.Certificate) -> dict[str, JsonValue]:
    public = certificate.public_key
    if public.algorithm == "rsa":
        return {"algo": [_RSA, *_WITH_RSA.values()], "len": public.bit_size}
    said: dict[str, JsonValue] = {"algo": [*_WITH_EC.values()], "len": public.bit_size}
    if public.algorithm == "ec":
        said["curve"] = NamedCurve.unmap(public.curve[1])
    return said


def _encoded(*certificates: x509.Certificate) -> list[JsonValue]:
    return [base64_of(each.dump()) for each in certificates]


def _names(certificate: x509.Certificate) -> dict[str, JsonValue]:
    read = load_der_x509_certificate(certificate.dump())
    return {
        "issuerDN": read.issuer.rfc4514_string(),
        "serialNumber": f"{read.serial_number:X}",
        "subjectDN": read.subject.rfc4514_string(),
        "validFrom": _generalized(read.not_valid_before_utc),
        "validTo": _generalized(read.not_valid_after_utc),
    }


def _asked_in_v1(found: SigningCredential) -> dict[str, JsonValue]:
    presence = "optional" if found.has_codes else "true"
    pin: dict[str, JsonValue] = {"presence": presence, "format": "A", "label": "Passphrase"}
    otp: dict[str, JsonValue] = {"presence": "false"}
    if found.has_codes:
        otp = {"presence": "optional", "type": "online", "format": "A", "label": "One-time code", "ID": "OTP"}
    return {"authMode": "explicit", "PIN": pin, "OTP": otp}


def _asked_in_v2(found: SigningCredential) -> dict[str, JsonValue]:
    objects: list[JsonValue] = [{"type": "Password", "id": "PIN", "format": "A", "label": "Passphrase"}]
    if found.has_codes:
        objects.append({"type": "ChallengeResponse", "id": "OTP", "format": "A", "label": "One-time code"})
    return {"auth": {"mode": "explicit", "expression": "PIN OR OTP" if found.has_codes else "PIN", "objects": objects}}


def _generalized(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ")
