"""What the tests on a Citus cluster need."""
