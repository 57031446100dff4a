"""Programs that make what is committed: fonts, letters, documents."""
