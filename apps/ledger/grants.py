"""What the role of the product may do with the books: read them and add to them, and nothing else.

Triggers refuse changes whoever asks (0002_guards); without the right, a role cannot even try, nor switch them off where
it does not own the tables. Migrations run as the owner.
"""

from psycopg import sql

TABLES = ("ledger_ledgeraccount", "ledger_journalentry", "ledger_posting", "ledger_entryseal")


def statements(role: str) -> list[sql.Composed]:
    """Safe to run again."""
    name, tables = sql.Identifier(role), sql.SQL(", ").join(map(sql.Identifier, TABLES))
    sequences = sql.SQL(", ").join(sql.Identifier(f"{table}_id_seq") for table in TABLES[:3])
    return [
        sql.SQL("REVOKE ALL ON {} FROM {}").format(tables, name),
        sql.SQL("GRANT SELECT, INSERT ON {} TO {}").format(tables, name),
        sql.SQL("GRANT USAGE ON SEQUENCE {} TO {}").format(sequences, name),
    ]
