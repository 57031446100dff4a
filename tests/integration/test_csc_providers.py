"""Our client with other people's providers: what they ask of a signer, how they refuse, and how they fail."""

import base64
import hashlib
import logging
import stat
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from esign.ca.authority import Consent, CredentialStatus, Secret
from esign.ca.csc import CscAuthority
from esign.errors import (
    AuthorityNotAdmitted,
    AuthorityRefused,
    AuthorityUnavailable,
    CodesUnsupported,
    ConfigurationError,
    ConsentIncomplete,
    CredentialExpired,
    CredentialMissing,
    CredentialRevoked,
    CredentialSuspended,
    CredentialUnusable,
    EsignError,
    SignerUnknown,
    SigningOutcomeUnknown,
    TooManyRequests,
    WrongCode,
    WrongPassphrase,
)
from esign.x509 import keys
from esign.x509.keys import KeyAlgorithm
from tests.integration.csc_provider import OTP, PIN, SECRET, Provider, connected, providing

DIGESTS = [hashlib.sha256(bytes([number])).digest() for number in range(3)]
BOTH = {"authMode": "explicit", "PIN": {"presence": "true"}, "OTP": {"presence": True, "type": "online"}}
BOTH_V2 = {
    "auth": {
        "mode": "explicit",
        "expression": "PIN AND SMS-OTP",
        "objects": [{"type": "Password", "id": "PIN"}, {"type": "ChallengeResponse", "id": "OTP"}],
    }
}
PIN_ALONE = {"authMode": "explicit", "PIN": {"presence": "true"}}


def consent(pin: str | None = PIN, otp: str | None = None) -> Consent:
    return Consent(Secret(pin) if pin else None, Secret(otp) if otp else None)


def signed(authority: CscAuthority, given: Consent, digests: Sequence[bytes] = DIGESTS) -> Sequence[bytes]:
    with authority.activate("GX0112348", given) as activation:
        return activation.sign_digests(digests, "sha256")


# --- what is asked of the signer


@pytest.mark.parametrize(("version", "info"), [("v1", BOTH), ("v2", BOTH_V2)])
def test_pin_and_code_go_where_both_are_asked_for(version: str, info: Mapping[str, object]) -> None:
    with providing(Provider(version, info=info)) as provider, connected(provider) as authority:
        assert len(signed(authority, consent(otp=OTP))) == 3
        for given, missing in (
            (consent(), "a one-time code"),
            (consent(None, OTP), "a passphrase"),
            (Consent(), "a passphrase and a one-time code"),
        ):
            with pytest.raises(ConsentIncomplete) as refused:
                signed(authority, given)
            assert refused.value.details["missing"] == missing
        authority.codes().send("GX0112348", 1)
        asked = {"v1": ("credentials/sendOTP", {}), "v2": ("credentials/getChallenge", {"authObjectID": "OTP"})}[
            version
        ]
        assert provider.asked[-1] == (asked[0], {"credentialID": "GX0112348"} | asked[1])


def test_either_is_enough_where_the_provider_says_or() -> None:
    info = {"auth": {**BOTH_V2["auth"], "expression": "PIN OR OTP"}}
    with providing(Provider("v2", info=info)) as provider, connected(provider) as authority:
        signed(authority, consent())
        assert provider.body("credentials/authorize")["authData"] == [{"id": "PIN", "value": PIN}]
        signed(authority, consent(None, OTP))
        assert provider.body("credentials/authorize")["authData"] == [{"id": "OTP", "value": OTP}]
        with pytest.raises(ConsentIncomplete):
            signed(authority, Consent())


@pytest.mark.parametrize(
    ("version", "info"), [("v1", {"authMode": "implicit"}), ("v2", {"auth": {"mode": "explicit", "objects": []}})]
)
def test_nothing_goes_where_nothing_is_asked_for(version: str, info: Mapping[str, object]) -> None:
    with providing(Provider(version, info=info)) as provider, connected(provider) as authority:
        signed(authority, consent(otp=OTP))
        assert PIN not in str(provider.asked)
        assert OTP not in str(provider.asked)
        with pytest.raises(CodesUnsupported):
            authority.codes().send("GX0112348", 1)


@pytest.mark.parametrize(
    ("version", "info", "reason"),
    [
        ("v1", {"authMode": "oauth2code"}, "browser"),
        ("v2", {"auth": {"mode": "oauth2code"}}, "browser"),
        ("v2", {"auth": {"mode": "explicit", "objects": [{"type": "ChallengeResponseOOB", "id": "APP"}]}}, "device"),
    ],
)
def test_ways_that_need_the_signer_elsewhere_are_refused_before_anything_is_asked(
    version: str, info: Mapping[str, object], reason: str
) -> None:
    with providing(Provider(version, info=info)) as provider, connected(provider) as authority:
        with pytest.raises(AuthorityRefused) as refused:
            signed(authority, consent())
        assert reason in str(refused.value.details["reason"])
        assert "credentials/authorize" not in provider.methods()


def test_a_signer_who_is_asked_on_another_device_is_told_of() -> None:
    with providing(Provider("v2", info={"auth": {"mode": "explicit"}})) as provider, connected(provider) as authority:
        provider.replies["credentials/authorize"] = [(202, {"handle": "H"})]
        with pytest.raises(AuthorityRefused, match="another device"):
            signed(authority, consent())


# --- what comes back


@pytest.mark.parametrize("raw", [False, True])
def test_ec_signatures_come_out_as_der_however_they_come_in(raw: bool) -> None:
    with providing(Provider(raw=raw, info=PIN_ALONE)) as provider, connected(provider) as authority:
        assert all(value[0] == 0x30 for value in signed(authority, consent()))


def test_a_key_that_is_named_without_a_digest_is_told_the_digest_beside_it() -> None:
    key = keys.generate(KeyAlgorithm.RSA_2048)
    provider = Provider(key=key, info=PIN_ALONE, algorithms=["1.2.840.113549.1.1.1"])
    with providing(provider), connected(provider) as authority:
        signed(authority, consent())
        body = provider.body("signatures/signHash")
        assert (body["signAlgo"], body["hashAlgo"]) == ("1.2.840.113549.1.1.1", "2.16.840.1.101.3.4.2.1")


def test_a_key_that_signs_otherwise_is_refused() -> None:
    with providing(Provider(info=PIN_ALONE, algorithms=["1.2.840.10045.4.3.4"])) as provider:
        with connected(provider) as authority, pytest.raises(AuthorityRefused, match="sha256"):
            signed(authority, consent())
        assert "credentials/authorize" not in provider.methods()


NOT_OURS = base64.b64encode(b"\x30\x06\x02\x01\x01\x02\x01\x01").decode()


@pytest.mark.parametrize(
    "answer",
    [
        {"signatures": []},
        {"signatures": [NOT_OURS]},
        {"signatures": [NOT_OURS] * 4},
        {"signatures": [NOT_OURS] * 3},
        {"signatures": ["***"] * 3},
        {"signatures": [""] * 3},
        {"signatures": "abc"},
        {"responseID": "158112"},
        {},
        b"",
        b"bukan JSON",
    ],
)
def test_nothing_but_right_signatures_is_released(answer: object) -> None:
    with providing(Provider(info=PIN_ALONE)) as provider, connected(provider) as authority:
        provider.replies["signatures/signHash"] = [(200, answer)]
        with pytest.raises(AuthorityRefused):
            signed(authority, consent())


@pytest.mark.parametrize(
    ("key", "oid"), [(KeyAlgorithm.P256, "1.2.840.10045.4.3.2"), (KeyAlgorithm.RSA_2048, "1.2.840.113549.1.1.11")]
)
def test_signatures_over_something_else_are_not_released(key: KeyAlgorithm, oid: str) -> None:
    provider = Provider(key=keys.generate(key), info=PIN_ALONE, algorithms=[oid], wrong=True)
    with (
        providing(provider),
        connected(provider) as authority,
        pytest.raises(AuthorityRefused, match="wrong for the digest"),
    ):
        signed(authority, consent())


def test_a_batch_larger_than_one_code_allows_is_refused_before_the_code_is_spent() -> None:
    with providing(Provider(info=BOTH)) as provider, connected(provider) as authority:
        with pytest.raises(AuthorityRefused, match="3 signatures"):
            signed(authority, consent(otp=OTP), [*DIGESTS, *DIGESTS])
        assert "credentials/authorize" not in provider.methods()
        provider.info = PIN_ALONE
        assert len(signed(authority, consent(), [*DIGESTS, *DIGESTS])) == 6


# --- the state of the credential


@pytest.mark.parametrize(
    ("info", "status", "error"),
    [
        ({"cert": {"status": "revoked"}}, CredentialStatus.REVOKE, CredentialRevoked),
        ({"cert": {"status": "suspended"}}, CredentialStatus.SUSPEND, CredentialSuspended),
        ({"cert": {"status": "expired"}}, CredentialStatus.EXPIRED, CredentialExpired),
        ({"key": {"status": "disabled"}}, CredentialStatus.SUSPEND, CredentialSuspended),
        ({"cert": {"certificates": []}}, CredentialStatus.NO_CERTIFICATE, CredentialMissing),
    ],
)
def test_a_credential_that_may_not_sign_is_not_asked_to(
    info: dict[str, dict[str, object]], status: CredentialStatus, error: type[EsignError]
) -> None:
    provider = Provider()
    parts = provider.credential()
    changed: dict[str, object] = {}
    for name in ("key", "cert"):
        part = parts[name]
        assert isinstance(part, dict)
        changed[name] = part | info.get(name, {})
    provider.info = changed
    with providing(provider), connected(provider) as authority:
        assert authority.credential("GX0112348").status is status
        with pytest.raises(error):
            signed(authority, consent())
        assert "credentials/authorize" not in provider.methods()


def test_a_certificate_that_leads_to_no_root_of_ours_is_refused() -> None:
    stranger = Provider(info=PIN_ALONE)
    with providing(Provider(info=PIN_ALONE)) as provider, connected(provider) as authority:
        provider.holder = stranger.holder
        with pytest.raises(AuthorityRefused, match="trusted root"):
            signed(authority, consent())


@pytest.mark.parametrize("certificates", [["***"], ["MAA="], [base64.b64encode(b"x" * 500).decode()]])
def test_certificates_that_are_none_are_told_so(certificates: list[str]) -> None:
    info = {"cert": {"status": "valid", "certificates": certificates}}
    with (
        providing(Provider(info=info)) as provider,
        connected(provider) as authority,
        pytest.raises(AuthorityRefused, match="can't be read"),
    ):
        authority.credential("GX0112348")


# --- finding the credential


def test_a_holder_is_found_by_his_address_where_the_provider_knows_him_so() -> None:
    with providing(Provider(info=PIN_ALONE)) as provider, connected(provider, user="email") as authority:
        assert authority.credential("budi").status is CredentialStatus.ISSUE
        assert provider.body("credentials/list")["userID"] == "budi@example.go.id"
        provider.listed = []
        assert authority.credential("budi").status is CredentialStatus.NOT_REGISTERED
        provider.listed = ["A", "B"]
        with pytest.raises(AuthorityRefused, match="several"):
            authority.credential("budi")
    with (
        providing(Provider()) as provider,
        connected(provider, user="nik") as authority,
        pytest.raises(SignerUnknown),
        authority.activate("budi", consent()),
    ):
        pass


def test_a_credential_can_be_named_in_the_settings() -> None:
    with providing(Provider()) as provider, connected(provider, credentials={"budi": "GX-7"}) as authority:
        authority.credential("budi")
        assert provider.body("credentials/info")["credentialID"] == "GX-7"


# --- refusals and failures


REFUSALS: list[tuple[int, object, type[EsignError]]] = [
    (400, {"error": "invalid_pin", "error_description": f"The PIN {PIN} is invalid"}, WrongPassphrase),
    (400, {"error": "invalid_pin", "error_description": "PIN locked"}, CredentialUnusable),
    (400, {"error": "invalid_otp", "error_description": f"The OTP {OTP} is invalid"}, WrongCode),
    (400, {"error": "invalid_authentication_data"}, WrongPassphrase),
    (400, {"error": "invalid_authentication_data", "error_description": "the OTP is wrong"}, WrongCode),
    (400, {"error": "invalid_request", "error_description": "Credential locked"}, CredentialUnusable),
    (400, {"error": "invalid_request", "error_description": "Signing certificate is expired"}, CredentialUnusable),
    (400, {"error": "invalid_request", "error_description": f"Apa itu {PIN}?"}, AuthorityRefused),
    (400, {"error": "invalid_request", "error_description": "SAD expired"}, AuthorityRefused),
    (400, {"error": "expired_sad"}, AuthorityRefused),
    (400, {"error": "access_denied"}, AuthorityRefused),
    (400, {"error": PIN}, AuthorityRefused),
    (400, b"<html>", AuthorityRefused),
    (400, {"error": "unauthorized_client"}, AuthorityNotAdmitted),
    (403, b"", AuthorityNotAdmitted),
    (404, b"", AuthorityRefused),
    (429, b"", AuthorityUnavailable),
    (501, b"", AuthorityUnavailable),
    (503, {"error": "temporarily_unavailable"}, AuthorityUnavailable),
    (302, b"", AuthorityRefused),
]


@pytest.mark.parametrize("method", ["credentials/authorize", "signatures/signHash"])
@pytest.mark.parametrize(("status", "body", "error"), REFUSALS)
def test_every_refusal_is_told_as_what_it_is_and_repeats_no_secret(
    method: str, status: int, body: object, error: type[EsignError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with providing(Provider(info=BOTH)) as provider, connected(provider) as authority:
        provider.replies[method] = [(status, body)]
        with pytest.raises(error) as refused:
            signed(authority, consent(otp=OTP))
    told = f"{refused.value!r} {refused.value} {refused.value.details} {caplog.text}"
    for secret in (PIN, OTP, SECRET, *provider.tokens, *provider.sads):
        assert secret not in told


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_breakdown_over_signing_leaves_the_outcome_open_and_before_it_does_not(status: int) -> None:
    with providing(Provider(info=PIN_ALONE)) as provider, connected(provider) as authority:
        provider.replies["credentials/authorize"] = [(status, b"")]
        with pytest.raises(AuthorityUnavailable):
            signed(authority, consent())
        provider.replies["signatures/signHash"] = [(status, b"")]
        with pytest.raises(SigningOutcomeUnknown):
            signed(authority, consent())
        assert provider.methods().count("signatures/signHash") == 1, "it is never asked again by itself"


def test_an_answer_that_is_late_leaves_the_outcome_open_only_after_signing_was_asked_for() -> None:
    with providing(Provider(info=PIN_ALONE)) as provider, connected(provider, sign_seconds=0.4) as authority:
        provider.slow = {"credentials/authorize": 1.5}
        with pytest.raises(AuthorityUnavailable):
            signed(authority, consent())
        provider.slow = {"signatures/signHash": 1.5}
        with pytest.raises(SigningOutcomeUnknown):
            signed(authority, consent())
        assert provider.methods().count("signatures/signHash") == 1


def test_an_answer_that_is_too_large_is_none() -> None:
    with providing(Provider(info=PIN_ALONE)) as provider, connected(provider) as authority:
        provider.replies["credentials/info"] = [(200, b" " * 2_000_000)]
        with pytest.raises(AuthorityUnavailable):
            authority.credential("GX0112348")
        provider.replies["signatures/signHash"] = [(200, b" " * 2_000_000)]
        with pytest.raises(SigningOutcomeUnknown):
            signed(authority, consent())


def test_codes_are_not_sent_too_often() -> None:
    with providing(Provider(info=BOTH)) as provider, connected(provider) as authority:
        provider.replies["credentials/sendOTP"] = [(429, b"")]
        with pytest.raises(TooManyRequests):
            authority.codes().send("GX0112348", 1)


# --- tokens


def test_a_token_is_asked_for_once_and_again_where_it_is_refused() -> None:
    with providing(Provider(info=PIN_ALONE)) as provider, connected(provider) as authority:
        authority.credential("GX0112348")
        signed(authority, consent())
        assert provider.methods().count("oauth2/token") == 1
        provider.tokens.clear()
        signed(authority, consent())
        assert provider.methods().count("oauth2/token") == 2
        provider.replies["credentials/info"] = [(401, {"error": "invalid_token"})] * 3
        with pytest.raises(AuthorityNotAdmitted):
            authority.credential("GX0112348")
        assert provider.methods().count("oauth2/token") == 3, "one renewal, not a loop"
        assert len(provider.replies["credentials/info"]) == 1


def test_signing_is_asked_for_again_only_where_the_token_was_refused() -> None:
    with providing(Provider(info=PIN_ALONE)) as provider, connected(provider) as authority:
        provider.replies["signatures/signHash"] = [(401, {"error": "expired_token"})]
        assert len(signed(authority, consent())) == 3
        assert provider.methods().count("signatures/signHash") == 2


def test_a_token_is_renewed_before_its_end() -> None:
    with providing(Provider(info=PIN_ALONE, lifetime=1)) as provider, connected(provider) as authority:
        authority.credential("GX0112348")
        waited = threading.Event()
        waited.wait(0.6)
        authority.credential("GX0112348")
        assert provider.methods().count("oauth2/token") == 2
        assert len(provider.tokens) == 2


def test_a_client_that_is_not_known_is_not_admitted() -> None:
    with providing(Provider()) as provider, connected(provider, client_secret="salah") as authority:
        with pytest.raises(AuthorityNotAdmitted):
            authority.credential("GX0112348")
        assert list(authority.problems()) == ["the provider does not let this service in: authority.not_admitted"]


def test_secrets_go_to_no_host_that_is_not_named() -> None:
    with providing(Provider()) as provider, connected(provider) as authority:
        provider.replies["info"] = [(200, {"oauth2": "http://127.0.0.2:9/"})]
        with pytest.raises(AuthorityNotAdmitted) as refused:
            authority.credential("GX0112348")
        assert isinstance(refused.value.__cause__, ConfigurationError)
        assert "oauth2_url" in str(refused.value.__cause__)
        assert provider.methods() == ["info"]


def test_a_refresh_token_is_used_and_replaced_in_its_file(tmp_path: Path) -> None:
    file, secret = tmp_path / "refresh", tmp_path / "secret"
    file.write_text("R-0\n")
    secret.write_text(f"{SECRET}\n")
    given = {"grant": "refresh_token", "refresh_token_file": file, "client_secret": None, "client_secret_file": secret}
    with providing(Provider(info=PIN_ALONE)) as provider:
        with connected(provider, **given) as authority:
            signed(authority, consent())
            assert file.read_text() == "R-1\n"
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert [path.name for path in tmp_path.iterdir()] == ["refresh", "secret"] or len(
                list(tmp_path.iterdir())
            ) == 2
        provider.refresh = "R-9"
        with connected(provider, **given) as authority, pytest.raises(AuthorityNotAdmitted):
            authority.credential("GX0112348")
        file.unlink()
        with connected(provider, **given) as authority:
            with pytest.raises(AuthorityNotAdmitted):
                authority.credential("GX0112348")
            (problem,) = authority.problems()
            assert f"{file} can't be read" in problem


# --- through a browser


def test_an_operator_lets_the_service_in_through_his_browser_once(tmp_path: Path) -> None:
    file = tmp_path / "refresh"
    given = {"grant": "refresh_token", "refresh_token_file": file}
    with providing(Provider(info=PIN_ALONE)) as provider, connected(provider, **given) as authority:
        oauth2 = authority.client.oauth2
        invitation = oauth2.service_invitation()
        state, code = provider.agree(invitation.address)
        assert state == invitation.state
        other = oauth2.service_invitation()
        with pytest.raises(AuthorityNotAdmitted):
            oauth2.redeem(other, Secret(provider.agree(invitation.address)[1]))
        oauth2.keep(oauth2.redeem(invitation, Secret(code)))
        signed(authority, consent())
        assert invitation.verifier.reveal() not in repr(invitation)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_signer_agrees_in_his_browser_to_these_digests_and_no_others(version: str) -> None:
    info: dict[str, object] = {"auth": {"mode": "oauth2code"}} if version == "v2" else {"authMode": "oauth2code"}
    with providing(Provider(version, info=info)) as provider, connected(provider) as authority:
        asked = authority.ask_in_browser("GX0112348", DIGESTS, "sha256")
        state, code = provider.agree(asked.invitation.address)
        assert state == asked.invitation.state
        values = authority.signed_in_browser(asked, Secret(code))
        assert len(values) == 3
        with pytest.raises(AuthorityNotAdmitted):
            authority.signed_in_browser(asked, Secret(code))

        other = authority.ask_in_browser("GX0112348", DIGESTS[:1], "sha256")
        provider.sads.clear()
        _, code = provider.agree(other.invitation.address)
        twisted = type(other)(other.invitation, other.found, tuple(DIGESTS), "sha256")
        with pytest.raises(AuthorityRefused, match="not authorized"):
            authority.signed_in_browser(twisted, Secret(code))
