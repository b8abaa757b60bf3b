"""The embedded server: a Postgres of the project's own, in a folder of the user's."""
