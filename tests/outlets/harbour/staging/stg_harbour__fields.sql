with

source as (
    select * from {{ source('harbour', 'harbour_fields') }}
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
