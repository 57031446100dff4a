"""pyHanko's CSC client, which is none of ours, signs through our v1 server face."""

import asyncio
from collections.abc import Iterator
from io import BytesIO

import aiohttp
import httpx
import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.signers.csc_signer import (
    CSCAuthorizationInfo,
    CSCAuthorizationManager,
    CSCCredentialInfo,
    CSCServiceSessionInfo,
    CSCSigner,
    fetch_certs_in_csc_credential,
)

from esign.ca.authority import Secret
from esign.pdf.sandbox import InProcess
from esign.registry.signers import NewSigner
from esign.service import signers
from esign.verify.online import examine
from esign.verify.report import Verdict
from esign.x509.clock import SystemClock
from esign.x509.keys import KeyAlgorithm
from tests import letter_files
from tests.integration.conftest import NIKS, OPERATOR, PASSPHRASE, House
from tests.integration.csc import credentials_of


@pytest.fixture(scope="module")
def url(house: House) -> Iterator[str]:
    with house.with_settings(csc_server=True) as address:
        yield address


def token(house: House, url: str) -> str:
    client_id, key = credentials_of(house)
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": key}
    return str(httpx.post(f"{url}/csc/v1/oauth2/token", data=form).json()["access_token"])


class Manager(CSCAuthorizationManager):
    """Has each batch of hashes authorised with the signer's PIN."""

    def __init__(
        self, http: aiohttp.ClientSession, session: CSCServiceSessionInfo, credential: CSCCredentialInfo
    ) -> None:
        super().__init__(session, credential)
        self.http = http

    async def authorize_signature(self, hash_b64s: list[str]) -> CSCAuthorizationInfo:
        body = self.format_csc_auth_request(pin=PASSPHRASE, hash_b64s=hash_b64s)
        address = self.csc_session_info.endpoint_url("credentials/authorize")
        async with self.http.post(address, headers=self.auth_headers, json=body, raise_for_status=True) as answer:
            return self.parse_csc_auth_response(await answer.json())


async def signed(session: CSCServiceSessionInfo, pdf: bytes) -> bytes:
    async with aiohttp.ClientSession() as http:
        credential = await fetch_certs_in_csc_credential(http, session)
        assert credential.hash_pinning_required
        signer = CSCSigner(http, Manager(http, session, credential))
        metadata = PdfSignatureMetadata(field_name="Tanda tangan", md_algorithm="sha256")
        out = BytesIO()
        writer = IncrementalPdfFileWriter(BytesIO(pdf))
        await PdfSigner(metadata, signer).async_sign_pdf(writer, output=out)
        return out.getvalue()


@pytest.mark.parametrize("key", [KeyAlgorithm.RSA_2048, KeyAlgorithm.P256])
def test_a_pdf_signed_by_pyhanko_through_our_server_is_sound(house: House, url: str, key: KeyAlgorithm) -> None:
    new = NewSigner.model_validate({"agency_id": house.agency.id, "nik": next(NIKS), "name": "Pejabat"})
    signer = signers.enrol(house.services, new, house.agency.name, Secret(PASSPHRASE), OPERATOR, key=key)
    session = CSCServiceSessionInfo(url, signer.id, oauth_token=token(house, url))
    pdf = asyncio.run(signed(session, letter_files.read("typst")))
    dev_ca = house.services.dev_ca
    assert dev_ca is not None
    report = examine(pdf, dev_ca.trust(), SystemClock(), InProcess(), dev_ca.revocation())
    (found,) = report.signatures
    assert found.integrity.holds
    assert found.verdict is Verdict.GENUINE
