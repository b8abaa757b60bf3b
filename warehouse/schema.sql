-- The tables that Python owns. Everything is created if absent; what is there stays.

create schema if not exists raw;

create table if not exists raw.nyt_months (
    archive_month date primary key
        check (extract(day from archive_month) = 1),
    hits integer,
    docs integer not null,
    rejected integer not null,
    sha256 text not null,
    bytes bigint not null,
    source text not null,
    is_final boolean not null,
    fetched_at timestamptz not null,
    loaded_at timestamptz not null
);
comment on table raw.nyt_months is 'One row a loaded month of the archive.';
comment on column raw.nyt_months.hits is 'meta.hits of the response; null where it names none.';
comment on column raw.nyt_months.docs is 'Documents stored in raw.nyt_articles.';
comment on column raw.nyt_months.rejected is 'Documents stored in raw.nyt_rejects.';
comment on column raw.nyt_months.sha256 is 'Of the response''s bytes, uncompressed, in hex.';
comment on column raw.nyt_months.bytes is 'Length of the response, uncompressed.';
comment on column raw.nyt_months.is_final is
    'Whether the response was fetched after the month and the two that follow it had ended: '
    'the archive''s index is complete by then.';

create table if not exists raw.nyt_articles (
    archive_month date not null,
    article_id text not null,
    doc jsonb not null,
    primary key (archive_month, article_id)
);
comment on table raw.nyt_articles is 'One row a document of a month''s response, as received.';

create table if not exists raw.nyt_rejects (
    archive_month date not null,
    position integer not null,
    reason text not null,
    doc bytea not null,
    primary key (archive_month, position)
);
comment on table raw.nyt_rejects is 'One row a document that could not be stored.';
comment on column raw.nyt_rejects.position is 'Place in the response''s docs, from 0.';

create table if not exists raw.nyt_fields (
    archive_month date not null,
    field text not null,
    reading text not null,
    is_readable boolean not null,
    docs integer not null,
    primary key (archive_month, field, reading)
);
comment on table raw.nyt_fields is
    'One row a month, field and reading of the field: how many of the month''s stored documents. '
    'No row where a version before 0.5.0 loaded the month.';
comment on column raw.nyt_fields.field is 'document_type, pub_date, headline or keywords.';
comment on column raw.nyt_fields.reading is
    'Of document_type the type in small letters; of the others, only where they cannot be read, '
    'why: no text, not a date.';
comment on column raw.nyt_fields.is_readable is 'Whether the marts can read the field there.';

create schema if not exists growth;

create table if not exists growth.runs (
    run_id text primary key,
    window_start date not null,
    window_end date not null,
    period text not null,
    kinds text not null,
    min_articles integer not null,
    periods integer not null,
    articles bigint not null,
    topics integer not null,
    converged integer not null,
    input_sha256 text not null,
    code_version text not null,
    fitted_at timestamptz not null
);
comment on table growth.runs is 'One row a fitted window and its settings.';

create table if not exists growth.coefficients (
    run_id text not null references growth.runs (run_id) on delete cascade,
    topic_id bigint not null,
    kind text not null,
    label text not null,
    articles bigint not null,
    status text not null,
    intercept double precision,
    growth_rate double precision,
    growth_rate_se double precision,
    growth_rate_model_se double precision,
    ci_low double precision,
    ci_high double precision,
    statistic double precision,
    p_value double precision,
    q_value double precision,
    dispersion double precision,
    deviance double precision,
    pearson double precision,
    iterations integer,
    share_start double precision,
    share_end double precision,
    primary key (run_id, topic_id)
);
comment on table growth.coefficients is 'One row a topic of a run.';

-- Columns that came later, for warehouses that are older.

alter table growth.runs
    add column if not exists missing_months text not null default '',
    add column if not exists not_converged integer,
    add column if not exists s_curves integer,
    add column if not exists pulses integer,
    add column if not exists seconds double precision,
    add column if not exists fitted_to date;
comment on column growth.runs.missing_months is
    'Months of the window that were not loaded (--allow-gaps), else empty.';
comment on column growth.runs.seconds is 'Time that reading and fitting took.';
comment on column growth.runs.fitted_to is
    'Last day of the window with articles, up to which it was fitted; null before 0.4.0.';

alter table growth.coefficients
    add column if not exists phase text,
    add column if not exists first_seen_on date,
    add column if not exists new_label boolean,
    add column if not exists seasonal boolean,
    add column if not exists shape text,
    add column if not exists shape_p_value double precision,
    add column if not exists degrees_of_freedom double precision,
    add column if not exists long_run_dispersion double precision,
    add column if not exists share_start_low double precision,
    add column if not exists share_start_high double precision,
    add column if not exists share_end_low double precision,
    add column if not exists share_end_high double precision,
    add column if not exists doubling_days double precision,
    add column if not exists doubling_days_low double precision,
    add column if not exists doubling_days_high double precision,
    add column if not exists articles_a_day_end double precision,
    add column if not exists ceiling double precision,
    add column if not exists ceiling_low double precision,
    add column if not exists ceiling_high double precision,
    add column if not exists s_curve_rate double precision,
    add column if not exists s_curve_rate_se double precision,
    add column if not exists midpoint_on date,
    add column if not exists midpoint_low_on date,
    add column if not exists midpoint_high_on date,
    add column if not exists change double precision,
    add column if not exists change_rate double precision,
    add column if not exists change_se double precision,
    add column if not exists change_p_value double precision,
    add column if not exists sure_growth double precision,
    add column if not exists peak_on date,
    add column if not exists peak_low_on date,
    add column if not exists peak_high_on date,
    add column if not exists peak_share double precision,
    add column if not exists share_highest double precision,
    add column if not exists highest_on date,
    add column if not exists jumped_on date,
    add column if not exists trend_share_start double precision,
    add column if not exists trend_share_end double precision,
    add column if not exists listed_rate double precision,
    add column if not exists listed_low double precision,
    add column if not exists listed_high double precision,
    add column if not exists listed_doubling_days double precision,
    add column if not exists listed_by text;
