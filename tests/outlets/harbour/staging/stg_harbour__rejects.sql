with

source as (
    select * from {{ source('harbour', 'harbour_rejects') }}
),

renamed as (
    select
        archive_month,
        position,
        reason
    from source
)

select * from renamed
