//! Attempts on a table that need more than one statement.

use super::{
    judge::Judge,
    kind::{Case, NO_ROW, ONE_ROLE, never},
    live::{Actor, execute},
    plant::insert_values,
    schema::Relation,
    target::Target,
};
use crate::{quote::quoted, quote_literal};

const DENIED: &[&str] = &["42501"];

impl Target<'_> {
    /// A row of nobody.
    pub(super) fn refused_to_insert(
        &self,
        tenant: &(String, String),
        values: &[(String, String)],
    ) -> Vec<Case> {
        if !self.planted {
            return never(NO_ROW);
        }
        let insert = insert_values(self.table, Some(tenant), values);
        let body = format!("stage := 'attack';\n{}", execute(&insert));
        vec![Case::run(Actor::A, body, Judge::Refused(&["42501", "23502"]))]
    }

    /// PL/pgSQL that takes the own row away, whose values an insert may repeat.
    pub(super) fn without_own(&self) -> String {
        let delete = self.fill("DELETE FROM {table} AS theirs WHERE {row}", false);
        format!(
            "stage := 'prepare';\nBEGIN\n  EXECUTE {} USING a;\nEXCEPTION WHEN OTHERS THEN NULL;\nEND;\n",
            quote_literal(&delete)
        )
    }

    /// An insert that leaves the tenant to the default must be the tenant's own.
    pub(super) fn defaulted(&self) -> Vec<Case> {
        let Some(row) = self.a.as_ref().filter(|_| self.planted) else { return never(NO_ROW) };
        let insert = insert_values(self.table, None, &row.values);
        let a = self.place.live.a.literal();
        let sql = format!(
            "WITH put AS ({insert} RETURNING probe.{} AS t) SELECT \
             count(*) FILTER (WHERE put.t IS DISTINCT FROM {a}), count(*) FILTER (WHERE put.t = {a}) FROM put",
            quoted(self.tenant)
        );
        let body = format!(
            "{}stage := 'attack';\nEXECUTE {} INTO seen, own;\n",
            self.without_own(),
            quote_literal(&sql)
        );
        vec![Case::run(Actor::A, body, Judge::Reads)]
    }

    /// A statement that gives the own row at `{row}` to another tenant.
    pub(super) fn gives(&self, statement: &str) -> Vec<Case> {
        if !self.planted || self.a.is_none() {
            return never(NO_ROW);
        }
        let sql = quote_literal(&self.fill(statement, false));
        let body = format!(
            "stage := 'attack';\nEXECUTE {sql} USING a;\nGET DIAGNOSTICS seen = ROW_COUNT;\n"
        );
        vec![Case::run(Actor::A, body, Judge::Inserts)]
    }

    /// `MERGE` onto the row at its address.
    pub(super) fn merges(&self, when: &str) -> Vec<Case> {
        if self.place.version < 150_000 {
            return never("this server has no MERGE");
        }
        self.writes(&format!(
            "MERGE INTO {{table}} AS theirs USING (SELECT ($1 ->> 'tableoid')::pg_catalog.oid AS rel, \
             ($1 ->> 'ctid')::pg_catalog.tid AS at) AS probe \
             ON theirs.tableoid = probe.rel AND theirs.ctid = probe.at {when}"
        ))
    }

    /// A role that has no business here: it must have no privilege, and the statement be refused.
    pub(super) fn barred(&self, actor: Actor, sql: &str) -> Vec<Case> {
        self.barred_from(actor, &self.table.oid.to_string(), sql)
    }

    /// The same of another relation, by its oid.
    pub(super) fn barred_from(&self, actor: Actor, oid: &str, sql: &str) -> Vec<Case> {
        if self.place.is_single() {
            return never(ONE_ROLE);
        }
        let privilege = match sql.trim_start_matches('(').split_whitespace().next() {
            Some("UPDATE") => "UPDATE",
            Some("DELETE") => "DELETE",
            Some("SELECT") => "SELECT",
            _ => "INSERT",
        };
        if privilege != "SELECT" && !self.planted {
            return never(NO_ROW);
        }
        let of_columns = if privilege == "DELETE" {
            String::new()
        } else {
            format!(" OR pg_catalog.has_any_column_privilege(current_user, {oid}, '{privilege}')")
        };
        let body = format!(
            "stage := 'attack';\n\
             IF (SELECT pg_catalog.has_table_privilege(current_user, {oid}, '{privilege}'){of_columns}) THEN\n  \
               note := current_user || ' has {privilege}';\nELSE\n  EXECUTE {} USING b;\nEND IF;\n",
            quote_literal(&self.fill(sql, true))
        )
        .replace(&format!("current_user, {}, ", self.table.oid), &format!("current_user, {}::pg_catalog.oid, ", self.table.oid));
        vec![Case::run(actor, body, Judge::Refused(DENIED))]
    }

    /// Which of our roles has this privilege on the table.
    pub(super) fn privilege(&self, privilege: &str) -> Vec<Case> {
        self.catalogue(&format!(
            "SELECT count(*), pg_catalog.string_agg(r || ' has {privilege}', ', ') \
             FROM unnest(ARRAY[{{our_roles}}]::name[]) r \
             WHERE pg_catalog.has_table_privilege(r, {{oid}}::pg_catalog.oid, '{privilege}')"
        ))
    }

    /// Which of our roles has this privilege on a sequence behind the table.
    pub(super) fn sequences(&self, privilege: &str) -> Vec<Case> {
        let cases: Vec<Case> = self
            .table
            .sequences
            .iter()
            .flat_map(|sequence| {
                let asked = self.catalogue(&format!(
                    "SELECT count(*), pg_catalog.string_agg(r || ' has {privilege}', ', ') \
                     FROM unnest(ARRAY[{{our_roles}}]::name[]) r \
                     WHERE pg_catalog.has_sequence_privilege(r, {}, '{privilege}')",
                    sequence.oid()
                ));
                asked.into_iter().map(|case| case.on(format!("sequence {}", sequence.sql())))
            })
            .collect();
        if cases.is_empty() { never("no sequence is behind the table") } else { cases }
    }

    /// The setting's name, as SQL writes it.
    pub(super) fn setting(&self) -> String {
        let told = self.place.live.told("");
        let mut names = told.iter().rev().map(|(name, _)| name.as_str());
        let asked = names.find(|name| *name != crate::opening::ACTOR).unwrap_or_default();
        asked.split('.').map(quoted).collect::<Vec<_>>().join(".")
    }

    /// The other tenant's id.
    pub(super) fn other_id(&self) -> String {
        self.place.live.b.id.to_string()
    }

    /// Reads the other's row after naming the other tenant in some way.
    pub(super) fn forges(&self, before: &str) -> Vec<Case> {
        let judge = Judge::Forges { sealed: self.place.sealed };
        let query = "SELECT theirs.{tc} AS t FROM {table} AS theirs WHERE {row}";
        self.reads_as(Actor::A, before, query, judge)
    }

    /// Opens a cursor as oneself, names the other tenant, and fetches.
    pub(super) fn forged_cursor(&self) -> Vec<Case> {
        if self.b.is_none() {
            return never(NO_ROW);
        }
        let query = self
            .fill("SELECT count(*) FROM {table} AS theirs WHERE theirs.{tc} = {b} AND {row}", true);
        let forge = execute(&self.place.live.set_tenant(&self.other_id()));
        let body = format!(
            "stage := 'attack';\nDECLARE probe_cursor refcursor;\nBEGIN\n  \
             OPEN probe_cursor FOR EXECUTE {} USING b;\n  {forge}  \
             FETCH probe_cursor INTO seen;\n  CLOSE probe_cursor;\nEND;\n",
            quote_literal(&query)
        );
        vec![Case::run(Actor::A, body, Judge::Forges { sealed: self.place.sealed })]
    }

    /// Reads as every further role that the login may become.
    pub(super) fn other_roles(&self) -> Vec<Case> {
        let query = "SELECT theirs.{tc} AS t FROM {table} AS theirs WHERE {row}";
        let roles = self.place.other_roles.iter();
        let cases: Vec<Case> = roles
            .flat_map(|role| {
                let become_ = execute(&format!("SET LOCAL ROLE {role}"));
                let object = format!("table {} as role {role}", self.table.sql());
                let cases = self.blind(Actor::A, &become_, query, DENIED);
                cases.into_iter().map(move |case| case.on(object.clone()))
            })
            .collect();
        if cases.is_empty() { never("the login may become nobody else") } else { cases }
    }

    /// A static statement of PL/pgSQL, planned for the other tenant and run again.
    pub(super) fn cached(&self) -> Vec<Case> {
        let live = self.place.live;
        let (Ok(as_a), Ok(as_b)) = (live.become_(Actor::A), live.become_(Actor::B)) else {
            return never("the tenants could not be bound");
        };
        if self.b.is_none() {
            return never(NO_ROW);
        }
        let a = live.a.literal();
        let body = format!(
            "stage := 'prepare';\nSET LOCAL plan_cache_mode = force_generic_plan;\n\
             FOR turn IN 1 .. 2 LOOP\n  IF turn = 1 THEN\n{as_b}  ELSE\n{as_a}    stage := 'attack';\n  END IF;\n  \
             SELECT count(*) FILTER (WHERE probe.t IS DISTINCT FROM {a}), count(*) FILTER (WHERE probe.t = {a}) \
             INTO seen, own FROM (SELECT theirs.{} AS t FROM {} AS theirs LIMIT 1000) AS probe;\nEND LOOP;\n",
            quoted(self.tenant),
            self.table.sql(),
        );
        vec![Case::run(Actor::A, body, Judge::Reads)]
    }

    /// A cursor's rows as XML.
    pub(super) fn xml_cursor(&self) -> Vec<Case> {
        if self.b.is_none() {
            return never(NO_ROW);
        }
        let one = |theirs: bool, into: &str| {
            let image = if theirs { "b" } else { "a" };
            format!(
                "OPEN probe_cursor FOR EXECUTE {} USING {image};\n\
                 {into} := (pg_catalog.cursor_to_xml(probe_cursor, 10, false, false, '')::text LIKE '%<n>1</n>%')::int;\n\
                 CLOSE probe_cursor;\n",
                quote_literal(
                    &self.fill("SELECT 1 AS n FROM {table} AS theirs WHERE {row}", theirs)
                )
            )
        };
        let body = format!(
            "stage := 'attack';\nDECLARE probe_cursor refcursor;\nBEGIN\n{}stage := 'control';\n{}END;\n",
            one(true, "seen"),
            one(false, "own")
        );
        vec![Case::run(Actor::A, body, Judge::Reads)]
    }

    /// A view: by its tenant column, or by whether it changes when the other's row goes.
    pub(super) fn view_reads(&self, view: &Relation) -> Vec<Case> {
        let at = view.sql();
        if view.columns.iter().any(|column| column == self.tenant) {
            return self.reads(&format!(
                "(SELECT theirs.{{tc}} AS t FROM {at} AS theirs WHERE theirs.{{tc}} = {{id}} LIMIT 10) \
                 UNION ALL (SELECT theirs.{{tc}} AS t FROM {at} AS theirs LIMIT 100)"
            ));
        }
        if !self.planted || self.a.is_none() {
            return never("the view does not show the tenant column, and no row could be planted");
        }
        let live = self.place.live;
        let (Ok(as_a), Ok(as_b)) = (live.become_(Actor::A), live.become_(Actor::B)) else {
            return never("the tenants could not be bound");
        };
        let look = quote_literal(&format!(
            "SELECT pg_catalog.md5(coalesce(pg_catalog.string_agg(v::text, ',' ORDER BY v::text), '')) FROM {at} AS v"
        ));
        let delete = quote_literal(&self.fill("DELETE FROM {table} AS theirs WHERE {row}", true));
        let body = format!(
            "stage := 'attack';\nEXECUTE {look} INTO text_a;\nEXECUTE {look} INTO text_b;\n\
             stage := 'prepare';\n\
             IF text_a <> text_b THEN RAISE EXCEPTION USING ERRCODE = 'TNPNV'; END IF;\n\
             {as_b}EXECUTE {delete} USING b;\n{as_a}\
             stage := 'attack';\nEXECUTE {look} INTO text_b;\nseen := (text_a <> text_b)::int;\n\
             stage := 'control';\nEXECUTE {delete} USING a;\nEXECUTE {look} INTO text_a;\n\
             own := (text_a <> text_b)::int;\n"
        );
        vec![Case::run(Actor::A, body, Judge::Reads)]
    }

    /// A view that this actor must not be shown anything by.
    pub(super) fn view_blind(&self, actor: Actor, view: &Relation) -> Vec<Case> {
        self.blind(actor, "", &format!("SELECT 1 AS t FROM {} AS theirs", view.sql()), DENIED)
    }
}
