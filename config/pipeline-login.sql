-- Creates the login of the flows, which may load, build and fit, and nothing else.
\set password `cat /run/secrets/pipeline_password`
-- Keeps the password out of the server's log.
set log_statement = 'none';
set log_min_error_statement = 'panic';
select 'create role news_pipeline login'
where not exists (select from pg_roles where rolname = 'news_pipeline') \gexec
alter role news_pipeline with login password :'password';
grant loader, transformer, modeller to news_pipeline;
