"""The tables of the dev CA's register, and how an older register becomes one of this version."""

import sqlite3

_CERTIFICATE = """
CREATE TABLE {name} (
  serial      TEXT PRIMARY KEY,
  issuer      TEXT NOT NULL CHECK (issuer IN ('root', 'persons', 'seals')),
  role        TEXT,
  holder      TEXT,
  kind        TEXT CHECK (kind IN ('person', 'seal')),
  der         BLOB NOT NULL,
  private_key INTEGER REFERENCES private_key,
  not_before  INTEGER NOT NULL,
  not_after   INTEGER NOT NULL,
  current     INTEGER NOT NULL CHECK (current IN (0, 1)),
  revoked_at  INTEGER,
  reason      TEXT,
  CHECK ((role IS NULL) <> (holder IS NULL)),
  CHECK ({keys}),
  CHECK ((revoked_at IS NULL) = (reason IS NULL))
) STRICT
"""
_CERTIFICATE_COLUMNS = (
    "serial, issuer, role, holder, kind, der, private_key, not_before, not_after, current, revoked_at, reason"
)
_CERTIFICATE_INDEXES = (
    "CREATE UNIQUE INDEX current_of_role ON certificate (role) WHERE current AND role IS NOT NULL",
    "CREATE UNIQUE INDEX current_of_holder ON certificate (holder) WHERE current AND holder IS NOT NULL",
    "CREATE INDEX of_holder ON certificate (holder, not_after)",
    "CREATE INDEX revoked_of_issuer ON certificate (issuer) WHERE revoked_at IS NOT NULL",
)

_FIRST = (
    _CERTIFICATE.format(
        name="certificate",
        keys="(holder IS NULL) = (kind IS NULL) AND (holder IS NULL) = (private_key IS NULL)",
    ),
    *_CERTIFICATE_INDEXES,
    "CREATE TABLE private_key (id INTEGER PRIMARY KEY, pkcs8 BLOB NOT NULL) STRICT",
    """
    CREATE TABLE crl (
      issuer      TEXT PRIMARY KEY,
      changes     INTEGER NOT NULL DEFAULT 0,
      number      INTEGER NOT NULL DEFAULT 0,
      der         BLOB,
      der_changes INTEGER,
      this_update INTEGER,
      next_update INTEGER
    ) STRICT
    """,
    "INSERT INTO crl (issuer) VALUES ('root'), ('persons'), ('seals')",
    "CREATE TABLE authority (tag TEXT NOT NULL, pki_url TEXT NOT NULL) STRICT",
)

_CODES_AND_KEYS_ELSEWHERE = (
    # A certificate for a request (PKCS #10) has no key here.
    _CERTIFICATE.format(
        name="certificate_new",
        keys="(holder IS NULL) = (kind IS NULL) AND (role IS NULL OR private_key IS NULL)",
    ),
    f"INSERT INTO certificate_new (rowid, {_CERTIFICATE_COLUMNS}) SELECT rowid, {_CERTIFICATE_COLUMNS} FROM certificate",  # noqa: S608, E501
    "DROP TABLE certificate",
    "ALTER TABLE certificate_new RENAME TO certificate",
    *_CERTIFICATE_INDEXES,
    "ALTER TABLE private_key ADD COLUMN copy BLOB",
    # AUTOINCREMENT: what is given back by a code's id never reaches another code.
    """
    CREATE TABLE code (
      id         INTEGER PRIMARY KEY AUTOINCREMENT,
      holder     TEXT NOT NULL,
      purpose    TEXT NOT NULL CHECK (purpose IN ('signing', 'activation', 'seal')),
      digest     BLOB NOT NULL,
      signatures INTEGER CHECK (signatures >= 0),
      wrong      INTEGER NOT NULL DEFAULT 0,
      sent_at    INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      UNIQUE (holder, purpose)
    ) STRICT
    """,
)

_VERSIONS = (_FIRST, _CODES_AND_KEYS_ELSEWHERE)

VERSION = len(_VERSIONS)


def version(connection: sqlite3.Connection) -> int:
    """The version of an open register; 0 of an empty one."""
    number = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if number == 0 and connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'authority'").fetchone():
        return 1  # made before versions were noted
    return number


def bring_up(connection: sqlite3.Connection) -> None:
    """Makes the tables, or changes those of an older version. Within a transaction that writes."""
    for statements in _VERSIONS[version(connection) :]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
