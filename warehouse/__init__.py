"""The Postgres warehouse: connects to it, and keeps its tables, roles, locks and backups."""
