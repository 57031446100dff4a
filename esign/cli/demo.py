"""``esign demo``: the service with a sample agency, and a letter signed through the API as a client would."""

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import qrcode
import typer
from pydantic import SecretStr

from esign import settings
from esign.api import logs
from esign.ca.authority import Secret
from esign.cli import serve
from esign.cli.console import actor, told
from esign.registry import durable
from esign.registry.agencies import NewAgency
from esign.registry.clients import NewClient
from esign.registry.models import Scope
from esign.registry.signers import NewSigner
from esign.service import parties, signers
from esign.service.services import Services

SLUG = "disdukcapil"
PASSPHRASE = "contoh-passphrase-1"  # noqa: S105  (of the sample official, whose certificate nobody trusts)
NUMBER = "400.12/118/DISDUKCAPIL/2026"
DAY = "2026-01-05"
SUBJECT = "Undangan Rapat Koordinasi Pelayanan Administrasi Kependudukan"
_NIK = "3201010101800001"
_FILE = "demo.json"


def demo() -> None:
    """Start the service on this machine, with a sample agency, official and client, and sign a sample letter.

    A second start goes on with what the first one made.
    """
    with told():
        read = settings.load()
        logs.configure("warning", read.log_renderer)
        with Services.open(read) as services:
            known = _known(services, read.data_dir / _FILE)
            serve.run(services, ready=lambda: _show(services, known))


def _known(services: Services, path: Path) -> dict[str, str]:
    """Ids and API key of the sample agency, made at the first start. The file is as private as the key in it."""
    if path.exists():
        found: dict[str, str] = json.loads(path.read_bytes())
        return found
    who = actor()
    domain = services.settings.public_url.partition("://")[2].partition("/")[0]
    agency = parties.add_agency(
        services,
        NewAgency(slug=SLUG, name="Dinas Kependudukan dan Pencatatan Sipil Kabupaten Tirtamulya", domain=domain),
        who,
    )
    signer = signers.enrol(
        services,
        NewSigner(
            agency_id=agency.id,
            nik=SecretStr(_NIK),
            name="Sri Wahyuningsih, S.Sos., M.Si.",
            nip="198001012005012001",
            office="Kepala Dinas Kependudukan dan Pencatatan Sipil",
            rank="Pembina Utama Muda",
        ),
        "Pemerintah Kabupaten Tirtamulya",
        Secret(PASSPHRASE),
        who,
    )
    scopes = frozenset({Scope.LETTERS_SIGN, Scope.LETTERS_READ, Scope.SIGNERS_READ})
    _, key = parties.add_client(services, NewClient(agency_id=agency.id, name="Aplikasi contoh", scopes=scopes), who)
    known = {"agency": agency.slug, "signer": signer.id, "key": key}
    durable.write(path, [json.dumps(known, indent=2).encode()])
    return known


def _show(services: Services, known: dict[str, str]) -> None:
    """Signs the sample letter, or finds it signed, and prints where to look."""
    url = f"http://{services.settings.host}:{services.settings.port}"
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {known['key']}"}, timeout=60) as client:
        letter = _letter(client, known["signer"])
    address = str(letter["address"])
    code = qrcode.QRCode(border=2)
    code.add_data(address.upper())
    code.print_ascii(out=sys.stdout, invert=True)
    file = Path(services.settings.data_dir) / "surat.pdf"
    if not file.exists():
        file.write_bytes(sample())
    typer.echo(f"""
Surat contoh sudah ditandatangani · A sample letter is signed
  Verification page   {address}
  Upload page         {url}/verify
  API documentation   {url}/docs
  API key             {known["key"]}
  Signer              {known["signer"]}
  Passphrase          {PASSPHRASE}

Sign another letter:
  curl -f {url}/v1/letters/sign -H "Authorization: Bearer {known["key"]}" -H "Accept: application/pdf" \\
    -F file=@{file} -F signer={known["signer"]} -F passphrase={PASSPHRASE} \\
    -F number=400.12/119/DISDUKCAPIL/2026 -F date={DAY} -F subject=Undangan \\
    -F 'placement={{"kind":"tag","tag":"${{ttd}}"}}' -o signed.pdf

Check it:
  curl -f {url}/v1/verify -F file=@signed.pdf

Ctrl-C stops the service.""")
    sys.stdout.flush()


def _letter(client: httpx.Client, signer: str) -> dict[str, Any]:
    """The sample letter's record: found, or signed now."""
    found = client.get("/v1/letters", params={"number": NUMBER, "status": "signed"}).raise_for_status().json()
    if found["items"]:
        first: dict[str, Any] = found["items"][0]
        return first
    answer = client.post(
        "/v1/letters/sign",
        headers={"Accept": "application/json"},
        data={
            "signer": signer,
            "passphrase": PASSPHRASE,
            "number": NUMBER,
            "date": DAY,
            "subject": SUBJECT,
            "placement": json.dumps({"kind": "tag", "tag": "${ttd}"}),
        },
        files={"file": ("surat.pdf", sample(), "application/pdf")},
    )
    signed: dict[str, Any] = answer.raise_for_status().json()
    return signed


def sample() -> bytes:
    """The sample letter."""
    return (files("esign.cli") / "sample" / "surat.pdf").read_bytes()
