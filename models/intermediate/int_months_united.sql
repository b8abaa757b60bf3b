-- Without a CTE: Postgres takes a view apart only where it has none, and then knows the outlet of
-- each row. Otherwise it would expect few articles, and work on them with one processor.
{{ united('months', ['archive_month', 'loaded_at']) }}
