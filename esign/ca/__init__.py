"""Who vouches for signers, and who holds their keys."""
