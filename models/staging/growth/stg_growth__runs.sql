with

source as (
    select * from {{ source('growth', 'runs') }}
),

renamed as (
    select
        {{ growth_columns('runs') }}
    from source
)

select * from renamed
