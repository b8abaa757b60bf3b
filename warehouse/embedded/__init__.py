"""The embedded server: a Postgres that news-growth installs and runs, in the user's folder."""
