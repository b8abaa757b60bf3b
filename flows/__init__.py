"""Prefect flows and their deployments. Needs the extra ``prefect``; nothing else imports it."""
