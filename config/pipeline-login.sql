-- The role that the flows log in as: it loads, builds and fits, and owns nothing else.
\set password `cat /run/secrets/pipeline_password`
-- Not into the server's log, whatever it is told to keep.
set log_statement = 'none';
set log_min_error_statement = 'panic';
select 'create role news_pipeline login'
where not exists (select from pg_roles where rolname = 'news_pipeline') \gexec
alter role news_pipeline with login password :'password';
grant loader, transformer, modeller to news_pipeline;
