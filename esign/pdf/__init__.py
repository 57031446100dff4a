"""PDF structure, shared by signing and verification: syntax, revisions, pages, text, pictures, the sandbox."""
