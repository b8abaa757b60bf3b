-- The sign is tested first: it needs no join to the run, and leaves few topics whose direction must
-- be worked out.
{{ ranked_list("sure_growth > 0 and direction = 'growing'", order_by='sure_growth desc') }}
