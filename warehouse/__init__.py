"""The Postgres warehouse: where it is, the embedded server, the tables that Python owns."""
