"""Registers the flow `elt` with Prefect: at midnight on the 1st of each month.

Run it as `python flows/elt_deploy.py`; `--help` lists what can be set.
"""

from flows.deploy import deploy_from_command_line
from flows.elt import elt

if __name__ == "__main__":
    deploy_from_command_line(elt, cron="0 0 1 * *")
