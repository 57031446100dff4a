"""The use cases: the only place where authority, signing, verification and register meet."""
