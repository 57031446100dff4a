"""Electronic signatures and document verification for Indonesian local governments."""
