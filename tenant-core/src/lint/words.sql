-- The texts that say whose a transaction is, word by word, as PostgreSQL reads them: without comments, and with names as
-- they are looked up. Of a literal only whether it names the setting (`'='`), a token's claims (`'jwt'`) or what keeps a seal (`'guard'`). What is
-- behind the first 20,000 characters, or behind a literal whose end depends on a setting of the session, is not read.
-- OFFSET 0 keeps the planner from writing out one step in every place where the next one uses it.
word (oid, n, at, depth, said) AS (
  SELECT f.oid, 0, 1, 0, NULL::text COLLATE "C" FROM our_answer f WHERE f.language IN ('sql', 'plpgsql')
  UNION ALL
  SELECT w.oid, w.n + 1, w.at + length(t.taken),
         -- Comments nest.
         w.depth + CASE WHEN t.taken = '/*' THEN 1 WHEN w.depth > 0 AND t.taken = '*/' THEN -1 ELSE 0 END,
         CASE WHEN w.depth > 0 OR t.taken = '/*' OR starts_with(t.taken, '--') OR r.kind = 'space' THEN NULL
           WHEN lower(c.literal) = lower(l.setting) THEN '''='''
           WHEN c.literal ~* '^request\.jwt' THEN '''jwt'''
           WHEN lower(c.literal) = 'backtrace_functions' THEN '''guard'''
           WHEN c.literal IS NOT NULL THEN ''''''
           WHEN c.name IS NOT NULL THEN regexp_replace(quote_ident(c.name), '\s', '?', 'g')
           ELSE t.taken END COLLATE "C"
  FROM word w JOIN our_answer f ON f.oid = w.oid CROSS JOIN layout l
  CROSS JOIN LATERAL (SELECT substr(left(f.source, 20000), w.at) AS rest OFFSET 0) s
  CROSS JOIN LATERAL (
    SELECT s.rest, CASE
        WHEN left(s.rest, 1) IN ('''', '"') THEN left(s.rest, 1)
        WHEN left(s.rest, 2) IN ('e''', 'E''') THEN 'E'
        WHEN left(s.rest, 1) ~ '[A-Za-z_]|[^\u0001-\u007f]' THEN 'name'
        WHEN left(s.rest, 1) ~ '[ \t\n\r\f\v]' THEN 'space'
        WHEN left(s.rest, 2) IN ('--', '/*') THEN left(s.rest, 2) END AS kind,
      CASE WHEN left(s.rest, 1) = '$' THEN substring(s.rest,
        '^\$(?:(?:[A-Za-z_]|[^\u0001-\u007f])(?:[A-Za-z0-9_]|[^\u0001-\u007f])*)?\$') END AS tag
    OFFSET 0) r
  CROSS JOIN LATERAL (
    SELECT CASE
      WHEN w.depth > 0 THEN substring(r.rest, '^(?:/\*|\*/|(?:[^*/]|\*(?!/)|/(?!\*))+)')
      WHEN strpos(substr(r.rest, length(r.tag) + 1), r.tag) > 0
        THEN left(r.rest, 2 * length(r.tag) - 1 + strpos(substr(r.rest, length(r.tag) + 1), r.tag))
      WHEN r.kind = 'space' THEN substring(left(r.rest, 200), '^[ \t\n\r\f\v]+')
      WHEN r.kind = 'name' THEN substring(r.rest, '^(?:[A-Za-z0-9_$]|[^\u0001-\u007f])+')
      WHEN r.kind = '--' THEN substring(r.rest, '^[^\n\r]+')
      WHEN r.kind = '/*' THEN '/*'
      WHEN r.kind = '''' THEN coalesce(substring(r.rest, '^''(?:[^''\\]|\\[^'']|'''')*'''), r.rest)
      WHEN r.kind = 'E' THEN coalesce(substring(r.rest, '^.''(?:[^''\\]|\\.|'''')*'''), r.rest)
      WHEN r.kind = '"' THEN coalesce(substring(r.rest, '^"(?:[^"]|"")*"'), r.rest)
      ELSE left(r.rest, 1) END AS taken
    OFFSET 0) t
  CROSS JOIN LATERAL (
    SELECT CASE
        WHEN r.kind = '''' THEN substr(t.taken, 2, length(t.taken) - 2)
        WHEN r.kind = 'E' THEN CASE WHEN strpos(t.taken, '\') > 0 THEN '' ELSE substr(t.taken, 3, length(t.taken) - 3) END
        WHEN length(t.taken) > 1 THEN substr(t.taken, length(r.tag) + 1, length(t.taken) - 2 * length(r.tag)) END AS literal,
      CASE r.kind WHEN '"' THEN replace(substr(t.taken, 2, length(t.taken) - 2), '""', '"')
        WHEN 'name' THEN lower(t.taken COLLATE "C") END AS name
    OFFSET 0) c
  WHERE r.rest <> ''
),
-- All words of such a text, with a space around each.
our_text AS MATERIALIZED (
  SELECT oid, ' ' || string_agg(said, ' ' ORDER BY n) || ' ' AS said FROM word GROUP BY oid
),
