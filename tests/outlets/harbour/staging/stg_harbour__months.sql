with

source as (
    select * from {{ source('harbour', 'harbour_months') }}
),

renamed as (
    select
        archive_month,
        hits,
        docs,
        rejected,
        is_final,
        fetched_at,
        loaded_at
    from source
)

select * from renamed
