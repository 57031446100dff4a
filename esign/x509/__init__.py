"""Certificates and what vouches for them: trust stores, clock, fetching, chains, OCSP, CRL, time-stamps."""
