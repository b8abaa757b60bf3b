with

source as (
    select * from {{ source('nyt', 'nyt_fields') }}
),

renamed as (
    select
        archive_month,
        field,
        reading,
        is_readable,
        docs
    from source
)

select * from renamed
