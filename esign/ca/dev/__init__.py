"""A development CA shaped like the Indonesian hierarchy, with its OCSP responders, CRLs and time-stamps."""

from esign.ca.dev.authority import DevActivation, DevCa
from esign.ca.dev.codes import CodeLetter, Deliver, Purpose
from esign.ca.dev.issuance import Issued
from esign.ca.dev.subject import HolderKind, Subject

__all__ = ["CodeLetter", "Deliver", "DevActivation", "DevCa", "HolderKind", "Issued", "Purpose", "Subject"]
