with

source as (
    select * from {{ source('growth', 'coefficients') }}
),

renamed as (
    select
        run_id,
        {{ growth_columns('stored') }}
    from source
)

select * from renamed
