-- The raw tables of an outlet, whose short name stands where {outlet} is written. Everything is
-- created if absent; what is there stays. The tables of fits: growth.sql.

create schema if not exists raw;

create table if not exists raw.{outlet}_months (
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
comment on table raw.{outlet}_months is 'One row per loaded month of the archive.';
comment on column raw.{outlet}_months.hits is 'meta.hits of the response; null where it names none.';
comment on column raw.{outlet}_months.docs is 'Documents stored in raw.{outlet}_articles.';
comment on column raw.{outlet}_months.rejected is 'Documents stored in raw.{outlet}_rejects.';
comment on column raw.{outlet}_months.sha256 is 'Of the response''s bytes, uncompressed, in hex.';
comment on column raw.{outlet}_months.bytes is 'Length of the response, uncompressed.';
comment on column raw.{outlet}_months.is_final is
    'Whether the response was fetched after the month and the two that follow it had ended: '
    'the archive''s index is complete by then.';

create table if not exists raw.{outlet}_articles (
    archive_month date not null,
    article_id text not null,
    doc jsonb not null,
    primary key (archive_month, article_id)
);
comment on table raw.{outlet}_articles is 'One row per document of a month''s response, as received.';

create table if not exists raw.{outlet}_rejects (
    archive_month date not null,
    position integer not null,
    reason text not null,
    doc bytea not null,
    primary key (archive_month, position)
);
comment on table raw.{outlet}_rejects is 'One row per document that could not be stored.';
comment on column raw.{outlet}_rejects.position is 'Place in the response''s docs, from 0.';

create table if not exists raw.{outlet}_fields (
    archive_month date not null,
    field text not null,
    reading text not null,
    is_readable boolean not null,
    docs integer not null,
    primary key (archive_month, field, reading)
);
comment on table raw.{outlet}_fields is
    'One row per month, field and reading of the field: how many of the month''s stored documents. '
    'No row where a version before 0.5.0 loaded the month.';
comment on column raw.{outlet}_fields.field is 'document_type, pub_date, headline or keywords.';
comment on column raw.{outlet}_fields.reading is
    'Of document_type the type in small letters; of the others, only where they cannot be read, '
    'why: no text, not a date.';
comment on column raw.{outlet}_fields.is_readable is 'Whether the marts can read the field there.';
