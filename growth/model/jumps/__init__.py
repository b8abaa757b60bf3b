"""Steps and events: shapes that begin on a date. Searched, chosen, dated."""
