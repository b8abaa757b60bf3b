-- The sign alone, which needs no look at the run, leaves few topics to ask for their direction.
{{ ranked_list("sure_growth > 0 and direction = 'growing'", order_by='sure_growth desc') }}
