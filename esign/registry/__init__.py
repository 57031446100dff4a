"""The register: the book of letters that an agency and an auditor can trust.

Each subject has its tables in `models` and one module of functions over a session. Functions never
commit: the unit of work that `database.Database.write` opens does, once, with its audit events.
"""
