"""What the exit codes of the command lines mean."""

DONE = 0
SOME_FAILED = 1  # the command went through, and some months or checks failed
USAGE = 2  # wrong arguments or settings, or a server, disk or folder that failed
API_FAILED = 3  # the API refused the key, or is down
