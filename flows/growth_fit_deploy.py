"""Registers the flow `growth-fit` with Prefect: at 01:00 on the 1st of each month.

Run it as `python flows/growth_fit_deploy.py`; `--help` lists what can be set.
"""

from flows.deploy import deploy_from_command_line
from flows.growth_fit import growth_fit

if __name__ == "__main__":
    deploy_from_command_line(growth_fit, cron="0 1 1 * *")
