"""The API of the Cloud Signature Consortium, v1.0.4 and v2, over the authorities of this installation."""

from esign.api.csc.routes import routers

__all__ = ["routers"]
