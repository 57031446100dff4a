"""Somebody else's CSC provider: it answers as the specification has it, in ways that our own server face does not."""

import atexit
import base64
import hashlib
import json
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from urllib.parse import parse_qs, urlsplit

from asn1crypto.algos import DSASignature
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from esign.ca.csc import CscAuthority, CscConfig
from esign.ca.surroundings import Identity, Surroundings
from esign.x509.clock import SystemClock
from esign.x509.http import HttpRevocation
from esign.x509.transport import open_client
from esign.x509.trust import TrustStore
from tests import pki
from tests.live_pki import listening, served

PIN, OTP = "1234-rahasia", "648201"
SECRET = "rahasia klien"

Reply = tuple[int, object]


@dataclass
class Provider:
    """What it is like, and what it was asked."""

    version: str = "v1"
    key: pki.Key = field(default_factory=pki.p256)
    info: Mapping[str, object] = field(default_factory=dict)
    """What ``credentials/info`` says besides key and certificate."""
    listed: list[str] = field(default_factory=lambda: ["GX0112348"])
    algorithms: list[str] = field(default_factory=lambda: ["1.2.840.10045.4.3.2"])
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    """Replies by method, given before its own, one each time."""
    raw: bool = False
    """EC signatures as r and s side by side."""
    slow: dict[str, float] = field(default_factory=dict)
    wrong: bool = False
    """Its signatures are over something else."""
    asked: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    """Access tokens that it has given out and that hold."""
    refresh: str = "R-0"
    lifetime: int = 3600
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        root = pki.certificate("Akar", ca=True, begin=now(-30), end=now(365))
        self.root = root
        self.holder = pki.certificate("Budi", root, key=self.key, begin=now(-1), end=now(365))
        self.sads: dict[str, list[str]] = {}
        self.codes: dict[str, tuple[str, list[str]]] = {}

    def methods(self) -> list[str]:
        """The methods that were asked for, in their order."""
        return [method for method, _ in self.asked]

    def body(self, method: str) -> dict[str, object]:
        """The newest request of a method."""
        return next(body for name, body in reversed(self.asked) if name == method)

    # --- how it answers

    def answer(self, method: str, body: dict[str, object], token: str | None) -> Reply:
        """The reply to one request."""
        with self._lock:
            self.asked.append((method, body))
            if self.replies.get(method):
                return self.replies[method].pop(0)
        if method in self.slow:
            time.sleep(self.slow[method])
        if method == "info":
            return 200, {
                "specs": "1.0.4.0",
                "oauth2": f"{self.url}/",
                "methods": ["credentials/info", "signatures/signHash"],
            }
        if method == "oauth2/token":
            return self.token(body)
        if token not in self.tokens:
            return 401, {"error": "invalid_token", "error_description": "The access token is not valid"}
        match method:
            case "credentials/list":
                return 200, {"credentialIDs": self.listed}
            case "credentials/info":
                return 200, self.credential()
            case "credentials/authorize":
                return self.authorize(body)
            case "signatures/signHash":
                return self.sign(body)
            case "credentials/sendOTP":
                return 200, {}
            case _:
                return 204, None

    def token(self, form: dict[str, object]) -> Reply:
        if form.get("client_secret") != SECRET:
            return 401, {"error": "invalid_client"}
        token = f"T-{len(self.tokens)}-{time.monotonic_ns()}"
        granted: dict[str, object] = {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime}
        match form["grant_type"]:
            case "refresh_token":
                if form["refresh_token"] != self.refresh:
                    return 400, {"error": "invalid_grant"}
                self.refresh = f"R-{int(self.refresh[2:]) + 1}"
                granted["refresh_token"] = self.refresh
            case "authorization_code":
                challenge, hashes = self.codes.pop(str(form["code"]), ("", []))
                verifier = str(form["code_verifier"]).encode()
                if challenge != base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).rstrip(b"=").decode():
                    return 400, {"error": "invalid_grant"}
                if hashes:
                    self.sads[token] = hashes
                else:
                    granted["refresh_token"] = self.refresh
        self.tokens.append(token)
        return 200, granted

    def agree(self, address: str) -> tuple[str, str]:
        """A person opens the address in his browser and agrees: state and code that come back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        hashes = asked.get("hashes", asked.get("hash", ""))
        standard = [b64(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) for text in hashes.split(",") if text]
        code = f"C-{time.monotonic_ns()}"
        self.codes[code] = (asked["code_challenge"], standard)
        return asked["state"], code

    def credential(self) -> dict[str, object]:
        chain = [b64(self.holder.der), b64(self.root.der)]
        common = {
            "key": {"status": "enabled", "algo": self.algorithms, "len": 256},
            "cert": {"status": "valid", "certificates": chain},
            "multisign": 3,
            "SCAL": "2",
        }
        return {**common, **self.info}

    def authorize(self, body: dict[str, object]) -> Reply:
        if self.version == "v1":
            given = {"PIN": body.get("PIN"), "OTP": body.get("OTP")}
        else:
            data = body.get("authData")
            assert isinstance(data, list)
            given = {each["id"]: each["value"] for each in data}
        for name, right in (("PIN", PIN), ("OTP", OTP)):
            if given.get(name) is not None and given[name] != right:
                return 400, {
                    "error": f"invalid_{name.lower()}",
                    "error_description": f"The {name} {given[name]} is invalid",
                }
        hashes = body["hash" if self.version == "v1" else "hashes"]
        assert isinstance(hashes, list)
        if body["numSignatures"] != len(hashes):
            return 400, {"error": "invalid_request", "error_description": "Invalid value for parameter numSignatures"}
        sad = f"S-{time.monotonic_ns()}"
        self.sads[sad] = hashes
        return 200, {"SAD": sad, "expiresIn": 300}

    def sign(self, body: dict[str, object]) -> Reply:
        hashes = body["hash" if self.version == "v1" else "hashes"]
        if self.sads.pop(str(body["SAD"]), None) != hashes:
            return 400, {"error": "invalid_request", "error_description": "Hash is not authorized by the SAD"}
        assert isinstance(hashes, list)
        return 200, {"signatures": [b64(self.value(base64.b64decode(text))) for text in hashes]}

    def value(self, digest: bytes) -> bytes:
        """A signature over a digest."""
        if self.wrong:
            digest = hashlib.sha256(digest).digest()
        if not isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(digest, padding.PKCS1v15(), Prehashed(SHA256()))
        der = self.key.sign(digest, ec.ECDSA(Prehashed(SHA256())))
        if not self.raw:
            return der
        numbers = DSASignature.load(der)
        return b"".join(numbers[name].native.to_bytes(32, "big") for name in ("r", "s"))


def now(days: float) -> datetime:
    return SystemClock().now().replace(microsecond=0) + timedelta(days=days)


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


@dataclass
class _Stage:
    """One server for all of them, which answers as the provider that is on."""

    url: str
    provider: Provider | None = None


_RESOURCES = ExitStack()
atexit.register(_RESOURCES.close)


@cache
def _stage() -> _Stage:
    app = FastAPI()
    port, listener = _RESOURCES.enter_context(listening())
    stage = _Stage(f"http://127.0.0.1:{port}")

    @app.post("/{path:path}")
    async def method(path: str, request: Request) -> Response:
        provider = stage.provider
        assert provider is not None
        name = path.removeprefix(f"csc/{provider.version}/")
        raw = await request.body()
        form = name == "oauth2/token"
        body = {key: values[0] for key, values in parse_qs(raw.decode()).items()} if form else json.loads(raw)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        status, said = await run_in_threadpool(provider.answer, name, body, token if scheme == "Bearer" else None)
        if isinstance(said, bytes):
            return Response(said, status)
        return Response(status_code=status) if said is None else JSONResponse(said, status)

    _RESOURCES.enter_context(served(app, listener))
    return stage


@contextmanager
def providing(provider: Provider) -> Iterator[Provider]:
    """Has it answer."""
    stage = _stage()
    provider.url, stage.provider = stage.url, provider
    yield provider
    stage.provider = None


@contextmanager
def connected(provider: Provider, **given: object) -> Iterator[CscAuthority]:
    """The provider as an authority of ours."""
    common: dict[str, object] = {
        "kind": "csc",
        "url": f"{provider.url}/csc/{provider.version}",
        "insecure": True,
        "client_id": "esign",
        "client_secret": SECRET,
        "redirect_uri": "https://surat.example.go.id/kembali",
        "seconds": 5,
        "sign_seconds": 5,
    }
    with open_client(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as client:
        around = Surroundings(
            clock=SystemClock(),
            client=client,
            trust=TrustStore(anchors=(provider.root.asn1,)),
            revocation=HttpRevocation(client, None, SystemClock()),  # type: ignore[arg-type]
            identify=lambda holder: Identity(email=f"{holder}@example.go.id"),
        )
        config = CscConfig.model_validate(
            {name: value for name, value in (common | given).items() if value is not None}
        )
        with CscAuthority.open("penyedia", config, around) as authority:
            yield authority
