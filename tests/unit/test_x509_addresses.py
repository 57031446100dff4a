import ipaddress
from threading import Event

import pytest

from esign.x509.addresses import AddressPolicy, Target, is_public, resolve
from esign.x509.rejection import Rejected

HOST = "va.bsre.go.id"


def policy(*found: str) -> AddressPolicy:
    return AddressPolicy(hosts=frozenset({HOST}), resolver=lambda _: list(found))


@pytest.mark.parametrize("url", [f"http://{HOST}/ocsp", f"https://{HOST}:443/ocsp", f"HTTP://{HOST.upper()}./ocsp"])
def test_a_listed_public_host_is_asked_at_the_address_that_was_judged(url: str) -> None:
    target = policy("103.1.2.3").target(url)
    assert target.host == HOST
    assert "103.1.2.3/ocsp" in target.url
    assert HOST not in target.url.lower()


def test_ipv6_addresses_stand_in_brackets() -> None:
    assert policy("2606:4700::1111").target(f"http://{HOST}/a?b=c#d") == Target("http://[2606:4700::1111]/a?b=c", HOST)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:db8::1", "2001:0:1::1",
        "0.1.2.3", "240.0.0.1", "198.18.0.1", "192.0.0.8", "192.88.99.1", "168.63.129.16", "203.0.113.7",
        "fec0::1", "fd00:ec2::254", "::127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "2001:10::1",
        "3fff::1", "3ffe::1", "5f00::1", "100::1", "2002:a9fe:a9fe::", "64:ff9b::a9fe:a9fe", "ff0e::1", "4000::1",
    ],
)  # fmt: skip
def test_no_address_inside_is_ever_asked(address: str) -> None:
    with pytest.raises(Rejected, match="not public"):
        policy(address).target(f"http://{HOST}/ocsp")
    with pytest.raises(Rejected, match="not public"):
        policy("103.1.2.3", address).target(f"http://{HOST}/ocsp")


@pytest.mark.parametrize(
    ("url", "because"),
    [
        ("http://evil.example/ocsp", "not on the list"),
        ("http://103.1.2.3/ocsp", "not on the list"),
        (f"http://{HOST}.evil.example/", "not on the list"),
        (f"http://evil{HOST}/", "not on the list"),
        (f"http://{HOST}:8080/", "port"),
        (f"https://{HOST}:80/", "port"),
        (f"http://{HOST}:99999/", "malformed"),
        (f"http://user@{HOST}/", "malformed"),
        (f"http://{HOST}@evil.example/", "malformed"),
        (f"http://{HOST}/\r\nHost: x", "malformed"),
        (f"ldap://{HOST}/", "neither"),
        (f"file://{HOST}/etc/passwd", "neither"),
        ("/etc/passwd", "neither"),
        ("http://", "neither"),
        ("http://[::1", "malformed"),
    ],
)
def test_everything_else_is_refused_without_repeating_it(url: str, because: str) -> None:
    with pytest.raises(Rejected, match=because) as refused:
        policy("103.1.2.3").target(url)
    assert "evil" not in refused.value.reason


def test_a_host_that_is_not_found_is_refused() -> None:
    def nowhere(_: str) -> list[str]:
        raise OSError

    with pytest.raises(Rejected, match="can't be found"):
        AddressPolicy(hosts=frozenset({HOST}), resolver=nowhere).target(f"http://{HOST}/")
    with pytest.raises(Rejected, match="can't be found"):
        policy().target(f"http://{HOST}/")


def test_the_dev_ca_s_own_origin_is_asked_wherever_it_is_and_no_other_port_of_it() -> None:
    own = AddressPolicy(hosts=frozenset(), own_origins=frozenset({"http://127.0.0.1:8000"}))
    assert own.target("http://127.0.0.1:8000/pki/ocsp") == Target("http://127.0.0.1:8000/pki/ocsp")
    for url in ("http://127.0.0.1:8001/pki/ocsp", "https://127.0.0.1:8000/", "http://127.0.0.1:8000@evil.example/"):
        with pytest.raises(Rejected):
            own.target(url)


def test_public_addresses_are_public() -> None:
    for address in ("8.8.8.8", "103.1.2.3", "2606:4700::1111", "::ffff:8.8.8.8"):
        assert is_public(ipaddress.ip_address(address))


def test_a_name_whose_address_changes_is_asked_at_the_one_that_was_judged() -> None:
    answers = iter((["103.1.2.3"], ["127.0.0.1"]))
    rebound = AddressPolicy(hosts=frozenset({HOST}), resolver=lambda _: next(answers))
    assert rebound.target(f"http://{HOST}/ocsp").url == "http://103.1.2.3/ocsp"
    with pytest.raises(Rejected, match="not public"):
        rebound.target(f"http://{HOST}/ocsp")


def test_what_a_server_sends_to_is_judged_without_the_exception_for_our_own() -> None:
    own = AddressPolicy(hosts=frozenset(), own_origins=frozenset({"http://127.0.0.1:8000"}))
    with pytest.raises(Rejected, match="not on the list"):
        own.target("http://127.0.0.1:8000/pki/ocsp", redirected=True)


def test_a_look_up_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = Event()

    def slow(*_: object, **__: object) -> list[object]:
        over.wait(5)
        return []

    monkeypatch.setattr("socket.getaddrinfo", slow)
    with pytest.raises(TimeoutError):
        resolve(HOST, 0.05)
    over.set()


@pytest.mark.parametrize("error", [OSError("no"), UnicodeError("label too long")])
def test_a_look_up_that_fails_is_an_os_error(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def failing(*_: object, **__: object) -> list[object]:
        raise error

    monkeypatch.setattr("socket.getaddrinfo", failing)
    with pytest.raises(OSError, match=r"no|label"):
        resolve(HOST)
