"""PAdES signing: a letter's bytes in, signed bytes out (ETSI EN 319 142-1)."""
