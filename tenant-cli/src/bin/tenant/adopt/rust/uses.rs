//! Where the code still opens or takes raw connections, or sends text.

use std::path::{Path, PathBuf};

use syn::{
    Expr, ExprCall, ExprMethodCall, Macro, Signature, Token, TypePath,
    punctuated::Punctuated,
    spanned::Spanned as _,
    visit::{self, Visit},
};

/// A place that a checklist names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::adopt) struct Use {
    pub(in crate::adopt) file: PathBuf,
    /// The first being 1.
    pub(in crate::adopt) line: usize,
    pub(in crate::adopt) what: String,
    pub(in crate::adopt) instead: &'static str,
}

const OPEN: &str = "open it with `TenantDb::connect` and `db.begin(&scope)`";
const TEXT: &str = "a constant with parameters in a tenant's transaction, or the `…_unchecked` form with its reason";
const TAKE: &str = "take `&TenantTransaction` (SeaORM: or `&impl ConnectionTrait`; Diesel: `&mut`)";

/// Functions by the last two parts of their path.
const CALLS: [(&str, &str, &str); 17] = [
    ("Database", "connect", OPEN),
    ("Database", "connect_proxy", OPEN),
    ("SqlxPostgresConnector", "from_sqlx_postgres_pool", OPEN),
    ("PgConnection", "establish", OPEN),
    ("PgConnection", "connect", OPEN),
    ("AsyncPgConnection", "establish", OPEN),
    ("AsyncPgConnection", "try_from", OPEN),
    ("ConnectionManager", "new", OPEN),
    ("AsyncDieselConnectionManager", "new", OPEN),
    ("Pool", "builder", OPEN),
    ("PgPool", "connect", OPEN),
    ("PgPool", "connect_lazy", OPEN),
    ("PgPoolOptions", "new", OPEN),
    ("tokio_postgres", "connect", OPEN),
    ("Statement", "from_string", TEXT),
    ("sqlx", "query", TEXT),
    ("sqlx", "query_as", TEXT),
];

/// Functions by their name alone.
const FUNCTIONS: [(&str, &str); 1] = [("sql_query", TEXT)];

const METHODS: [(&str, &str); 6] = [
    ("execute_unprepared", TEXT),
    ("batch_execute", TEXT),
    ("execute_raw", TEXT),
    ("query_one_raw", TEXT),
    ("query_all_raw", TEXT),
    ("stream_raw", TEXT),
];

/// Types that a function should not ask for any more.
const TYPES: [&str; 6] = [
    "DatabaseConnection",
    "DbConn",
    "PgConnection",
    "AsyncPgConnection",
    "PgPool",
    "DatabaseTransaction",
];

pub(super) fn find(file: &syn::File, shown: &Path, found: &mut Vec<Use>) {
    let start = found.len();
    Visitor { file: shown, in_signature: false, found }.visit_file(file);
    found[start..].sort_by_key(|found| found.line);
}

struct Visitor<'a> {
    file: &'a Path,
    in_signature: bool,
    found: &'a mut Vec<Use>,
}

impl Visitor<'_> {
    fn push(&mut self, span: proc_macro2::Span, what: String, instead: &'static str) {
        let line = span.start().line;
        self.found.push(Use { file: self.file.to_owned(), line, what, instead });
    }
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if let Expr::Path(path) = &*call.func {
            let parts: Vec<String> =
                path.path.segments.iter().map(|part| part.ident.to_string()).collect();
            let of = parts.len().checked_sub(2).map(|at| parts[at].as_str());
            let name = parts.last().map_or("", String::as_str);
            let qualified = CALLS.iter().find(|(t, f, _)| Some(*t) == of && *f == name);
            if let Some((of, name, instead)) = qualified {
                self.push(call.func.span(), format!("{of}::{name}"), instead);
            } else if let Some((name, instead)) = FUNCTIONS.iter().find(|(f, _)| *f == name) {
                self.push(call.func.span(), (*name).to_owned(), instead);
            }
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if let Some((name, instead)) = METHODS.iter().find(|(m, _)| call.method == m) {
            self.push(call.method.span(), format!(".{name}"), instead);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_signature(&mut self, signature: &'ast Signature) {
        let outer = std::mem::replace(&mut self.in_signature, true);
        visit::visit_signature(self, signature);
        self.in_signature = outer;
    }

    fn visit_type_path(&mut self, path: &'ast TypePath) {
        if self.in_signature
            && let Some(last) = path.path.segments.last()
            && let Some(name) = TYPES.iter().find(|name| last.ident == name)
        {
            self.push(path.span(), format!("{name} in a signature"), TAKE);
        }
        visit::visit_type_path(self, path);
    }

    /// What stands in a macro is read where it is Rust: `try_join!(…)`, `vec![…]`, `assert!(…)`.
    fn visit_macro(&mut self, call: &'ast Macro) {
        if let Ok(list) = call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated) {
            for expr in &list {
                self.visit_expr(expr);
            }
        } else if let Ok(statements) = call.parse_body_with(syn::Block::parse_within) {
            for statement in &statements {
                self.visit_stmt(statement);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        find(&syn::parse_file(text).unwrap(), Path::new("x.rs"), &mut found);
        found.iter().map(|found| format!("{} {}", found.line, found.what)).collect()
    }

    #[test]
    fn raw_connections_are_found_where_they_are_code() {
        let text = r#"// Database::connect("x")
            const DOC: &str = "PgPool::connect";
            async fn open(url: &str) -> sea_orm::DatabaseConnection {
                sea_orm::Database::connect(url).await.unwrap()
            }
            fn report(conn: &mut diesel::PgConnection) -> usize {
                vec![diesel::sql_query("SELECT 1").execute(conn).unwrap()].len()
            }
            async fn both(db: &impl ConnectionTrait) {
                tokio::join!(db.execute_unprepared("SELECT 1"), other(db));
                let later = || deadpool::Pool::builder(AsyncDieselConnectionManager::<C>::new(url));
                connect(url); // somebody else's
            }
        "#;
        assert_eq!(
            found(text),
            [
                "3 DatabaseConnection in a signature",
                "4 Database::connect",
                "6 PgConnection in a signature",
                "7 sql_query",
                "10 .execute_unprepared",
                "11 Pool::builder",
                "11 AsyncDieselConnectionManager::new",
            ]
        );
    }

    proptest! {
        #[test]
        fn nothing_is_found_in_texts(text in r"\PC{0,40}") {
            let source = format!("const T: &str = {:?}; // {}", text, text.replace(['\n', '\r'], " "));
            if let Ok(file) = syn::parse_file(&source) {
                let mut found = Vec::new();
                find(&file, Path::new("x.rs"), &mut found);
                prop_assert!(found.is_empty());
            }
        }
    }
}
