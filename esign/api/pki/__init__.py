"""The dev CA over HTTP: OCSP, CRLs, certificates and time-stamps, as the addresses in its certificates say."""

from esign.api.pki.routes import router

__all__ = ["router"]
