{{ ranked_list("status <> 'too_few_articles'", order_by='articles desc') }}
