with

months as (
    {{ united('months', ['archive_month', 'loaded_at']) }}
)

select * from months
