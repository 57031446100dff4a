"""Keys in a hardware security module or on a token, reached through its maker's PKCS #11 module (Cryptoki 2.40).

Only `module` and `session` know the binding python-pkcs11, which is an optional extra; the rest can be imported
without it.
"""

from esign.ca.pkcs11.authority import Pkcs11Authority
from esign.ca.pkcs11.config import KeyName, Pkcs11Config, TokenName

__all__ = ["KeyName", "Pkcs11Authority", "Pkcs11Config", "TokenName"]
