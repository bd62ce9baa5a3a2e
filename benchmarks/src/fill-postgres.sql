-- Fills a small sample database of paperless-ngx on PostgreSQL: `psql -v documents=N -f fill-postgres.sql`.
-- N documents with about 4 KB of text, and ten audit rows for each. The same N gives the same rows.

SET client_min_messages = warning;
SELECT 0 AS seeded FROM setseed(0.5);

-- Words of three to ten letters; few of them are frequent, as in prose: gzip -1 makes less than half of it.
CREATE TEMP TABLE word AS
  SELECT n, (SELECT string_agg(substr('etaoinshrdlucmfwypvbgkäöüß', 1 + floor(26 * power(random(), 1.5))::int, 1), '')
      FROM generate_series(1, 3 + n % 8)) AS text
    FROM generate_series(1, 4096) AS n;

-- Phrases of twelve words. So many that no compressor sees the same one again soon.
CREATE TEMP TABLE pick AS
  SELECT n / 12 AS phrase, 1 + floor(4096 * power(random(), 2))::int AS word
    FROM generate_series(0, :documents * 10 * 12 - 1) AS n;
CREATE TEMP TABLE phrase AS
  SELECT pick.phrase AS n, string_agg(word.text, ' ') AS text
    FROM pick JOIN word ON word.n = pick.word GROUP BY pick.phrase;
ANALYZE phrase;

CREATE TEMP TABLE line AS
  SELECT n / 50 AS document, floor(:documents * 10 * random())::int AS phrase
    FROM generate_series(0, :documents * 50 - 1) AS n;

INSERT INTO documents_document (id, title, content, modified, added, created, correspondent_id, owner_id, checksum, filename,
    original_filename, mime_type, page_count)
  SELECT 1001 + body.document, left(phrase.text, 60), body.text, moment, moment, moment::date, first.correspondent_id,
      first.owner_id, encode(sha256(body.document::text::bytea), 'hex'), format('bench/%s.pdf', body.document),
      format('scan %s.pdf', body.document), 'application/pdf', 1 + body.document % 9
    FROM (SELECT line.document, left(string_agg(phrase.text, E'.\n'), 4000) AS text
        FROM line JOIN phrase ON phrase.n = line.phrase GROUP BY line.document) AS body
      JOIN phrase ON phrase.n = body.document
      CROSS JOIN (SELECT correspondent_id, owner_id FROM documents_document ORDER BY id LIMIT 1) AS first
      CROSS JOIN LATERAL (SELECT '2020-01-01Z'::timestamptz + body.document * interval '13.000217 min') AS time(moment)
    ORDER BY body.document;

INSERT INTO auditlog_logentry (id, object_pk, object_id, object_repr, action, changes, timestamp, actor_id, content_type_id,
    remote_addr, remote_port, changes_text)
  SELECT 1001 + n, id, id, format('%s %s', moment::date, left(text, 40)), 1,
      jsonb_build_object('title', jsonb_build_array(left(text, 30), right(text, 30)),
        'modified', jsonb_build_array(moment::text, (moment + interval '1 day')::text),
        'archive_serial_number', jsonb_build_array('None', n::text)),
      moment, first.actor_id, first.content_type_id, '192.0.2.1'::inet + n % 250, 1024 + n % 60000, ''
    FROM phrase
      CROSS JOIN (SELECT actor_id, content_type_id FROM auditlog_logentry ORDER BY id LIMIT 1) AS first
      CROSS JOIN LATERAL (SELECT 1001 + n / 10, '2020-01-01Z'::timestamptz + n * interval '78.000217 s') AS entry(id, moment)
    ORDER BY n;

SELECT setval(pg_get_serial_sequence('documents_document', 'id'), max(id)) FROM documents_document;
SELECT setval(pg_get_serial_sequence('auditlog_logentry', 'id'), max(id)) FROM auditlog_logentry;

-- So that the server has nothing left to do with these rows while others are measured.
VACUUM (FREEZE, ANALYZE);
CHECKPOINT;
