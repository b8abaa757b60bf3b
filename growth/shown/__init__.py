"""What people see of a fit: words, tables, charts, and files to take away."""
