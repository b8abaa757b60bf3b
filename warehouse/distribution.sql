-- Spreads the outlets' raw tables over the workers of a server with Citus: documents by their id; of
-- the months each worker gets a copy. The small tables stay on the coordinator: rejected documents, and
-- the counts of fields. Without Citus this does nothing; it can be repeated. macros/distribution.sql
-- spreads dbt's tables.

do $$
declare
    relation record;
begin
    if not exists (select from pg_extension where extname = 'citus') then
        return;
    end if;
    for relation in
        select
            oid::regclass as name,
            relname ~ '_articles$' as holds_documents
        from pg_class
        where
            relnamespace = 'raw'::regnamespace
            and relkind in ('r', 'p')
            and relname ~ '^[a-z][a-z0-9]*_(articles|months)$'
            and oid not in (select logicalrelid from pg_dist_partition)
        order by relname
    loop
        if relation.holds_documents then
            perform create_distributed_table(relation.name, 'article_id');
            perform truncate_local_data_after_distributing_table(relation.name);
        else
            perform create_reference_table(relation.name);
        end if;
    end loop;
    -- Queries join topics with their articles, which are spread by another column.
    execute format(
        'alter database %I set citus.enable_repartition_joins = on', current_database()
    );
end
$$;
