"""What an operator may write of an HSM, and what is refused with a reason."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from esign.ca.pkcs11 import KeyName, Pkcs11Config, TokenName

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
SEALS = {"token": "segel", "seals": True, "pin_file": "/run/secrets/pin", "keys": {"setda": "setda"}}


def config(**given: object) -> Pkcs11Config:
    return Pkcs11Config.model_validate({"kind": "pkcs11", "module": MODULE, **given})


def test_a_module_is_enough_for_officials_with_tokens_of_their_own() -> None:
    assert config().token is None


def test_tokens_and_keys_are_named_by_label_or_by_more() -> None:
    made = config(
        tokens={"sekda": "kartu sekda", "bupati": {"serial": "d681e7d5", "label": "bupati"}},
        keys={"sekda": {"id": "0aFF"}, "bupati": "kunci"},
    )
    assert made.tokens["sekda"] == TokenName(label="kartu sekda")
    assert str(made.tokens["bupati"]) == "label bupati and serial d681e7d5"
    assert made.keys["sekda"].octets == b"\x0a\xff"
    assert made.keys["bupati"] == KeyName(label="kunci")
    assert config(**SEALS).token == TokenName(label="segel")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"module": "libsofthsm2.so"}, "whole path"),
        ({"tokens": {"sekda": {}}}, "label, serial or slot"),
        ({"keys": {"sekda": {}}}, "label or id"),
        ({"keys": {"sekda": {"id": "abc"}}}, "pattern"),
        ({"tokens": {"sekda": "x" * 33}}, "32 characters"),
        ({"pin": "1234"}, "Extra inputs"),
        ({"pin_file": "/run/secrets/pin"}, "belong to token"),
        ({**SEALS, "seals": False}, "no official's consent"),
        ({**SEALS, "keys": {}}, "every seal by name"),
        ({**SEALS, "tokens": {"sekda": "sekda"}}, "no tokens beside it"),
    ],
)
def test_what_can_not_be_meant_is_refused(given: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        config(**given)


def test_without_the_extra_the_package_is_imported_and_the_kind_is_refused() -> None:
    program = f"""
import sys
sys.modules["pkcs11"] = None
import esign.cli.main
from pathlib import Path
from esign.ca.pkcs11.authority import load
from esign.errors import ConfigurationError
try:
    load(Path({MODULE!r}), "authorities.hsm.module")
except ConfigurationError as error:
    print(error.sentence("en"))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == (
        "The setting authorities.hsm.module is wrong: PKCS #11 needs the extra esign[pkcs11], which is not installed.\n"
    ), done.stderr
