-- Where the server has Citus: the raw tables are spread over its workers, documents by their id, the
-- months as a copy on each. What is small stays where it is: rejected documents, and what was found
-- in fields. Without Citus this does nothing; it can be repeated. dbt's tables are spread by
-- macros/distribution.sql.

do $$
begin
    if not exists (select from pg_extension where extname = 'citus') then
        return;
    end if;
    if not exists (
        select from pg_dist_partition where logicalrelid = 'raw.nyt_articles'::regclass
    ) then
        perform create_distributed_table('raw.nyt_articles', 'article_id');
        perform truncate_local_data_after_distributing_table('raw.nyt_articles');
    end if;
    if not exists (
        select from pg_dist_partition where logicalrelid = 'raw.nyt_months'::regclass
    ) then
        perform create_reference_table('raw.nyt_months');
    end if;
    -- Topics and their articles are spread by different columns, and are joined.
    execute format(
        'alter database %I set citus.enable_repartition_joins = on', current_database()
    );
end
$$;
