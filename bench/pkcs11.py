"""Signing in an HSM: SoftHSM2 through its module, against OpenSSL with the same kind of key in this process.

What SoftHSM2 does is OpenSSL too, so the difference is what PKCS #11 costs: calls, logins, searches, and the check of
each value against the certificate.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.harness import Table, compare
from esign.ca.authority import Consent
from esign.ca.pkcs11 import Pkcs11Authority
from esign.x509 import keys
from esign.x509.keys import KeyAlgorithm, PrivateKey
from tests.hsm_officials import hsm_house

MANY = 20
"""Signatures of each contender."""
DIGEST = hashlib.sha256(b"surat").digest()


def tables(seconds: float) -> Iterator[Table]:
    """One table for each kind of key; none where SoftHSM2 is not installed."""
    if shutil.which("softhsm2-util") is None:
        return
    with tempfile.TemporaryDirectory() as folder, hsm_house(Path(folder) / "hsm", Path(folder)) as house:
        kinds = (KeyAlgorithm.RSA_2048, KeyAlgorithm.P256)
        consents = {kind: house.official(kind, kind) for kind in kinds}
        authority = house.authority()
        for kind in kinds:
            yield compare(
                f"{MANY} signatures, {kind}",
                {
                    "OpenSSL": partial(_with_openssl, keys.generate(kind)),
                    "SoftHSM2, one login": partial(_at_once, authority, kind, consents[kind]),
                    "SoftHSM2, one by one": partial(_one_by_one, authority, kind, consents[kind]),
                },
                references=("OpenSSL",),
                seconds=seconds,
            )


def _with_openssl(key: PrivateKey) -> None:
    for _ in range(MANY):
        keys.sign_digest(key, DIGEST, "sha256")


def _at_once(authority: Pkcs11Authority, holder: str, consent: Consent) -> None:
    with authority.activate(holder, consent) as activation:
        activation.sign_digests([DIGEST] * MANY, "sha256")


def _one_by_one(authority: Pkcs11Authority, holder: str, consent: Consent) -> None:
    for _ in range(MANY):
        with authority.activate(holder, consent) as activation:
            activation.sign_digests([DIGEST], "sha256")
