//! SeaORM's entities and Diesel's `table!`.

use syn::{
    Attribute, Ident, ItemMod, ItemStruct, Macro, Token,
    parse::{Parse, ParseStream},
    visit::{self, Visit},
};

use super::crates::Module;

/// Whose declaration it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::adopt) enum Kind {
    Seaorm,
    Diesel,
}

/// A table that the sources know.
#[derive(Debug, Clone)]
pub(in crate::adopt) struct Declared {
    pub(in crate::adopt) kind: Kind,
    pub(in crate::adopt) schema: Option<String>,
    pub(in crate::adopt) table: String,
    /// The entity's module, or that of the table.
    pub(in crate::adopt) module: Module,
}

pub(super) fn find(file: &syn::File, module: &Module, found: &mut Vec<Declared>) {
    Visitor { module: module.clone(), found }.visit_file(file);
}

struct Visitor<'a> {
    module: Module,
    found: &'a mut Vec<Declared>,
}

impl Visitor<'_> {
    fn push(&mut self, kind: Kind, schema: Option<String>, table: String, module: Module) {
        self.found.push(Declared { kind, schema, table, module });
    }
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        self.module.path.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.module.path.pop();
    }

    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        if let Some((schema, table)) = entity(&item.attrs) {
            self.push(Kind::Seaorm, schema, table, self.module.clone());
        }
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        if call.path.segments.last().is_some_and(|last| last.ident == "table")
            && let Ok(table) = call.parse_body::<Table>()
        {
            let mut module = self.module.clone();
            module.path.push(table.ident);
            self.push(Kind::Diesel, table.schema, table.name, module);
        }
    }
}

/// `#[sea_orm(table_name = "invoices", schema_name = "billing")]`.
fn entity(attributes: &[Attribute]) -> Option<(Option<String>, String)> {
    let (mut schema, mut table) = (None, None);
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("sea_orm")) {
        // What it does not know ends its reading; the names stand first, as the generator writes them.
        let _ = attribute.parse_nested_meta(|meta| {
            let text =
                |value: ParseStream<'_>| Ok::<_, syn::Error>(value.parse::<syn::LitStr>()?.value());
            if meta.path.is_ident("table_name") {
                table = Some(text(meta.value()?)?);
            } else if meta.path.is_ident("schema_name") {
                schema = Some(text(meta.value()?)?);
            } else if meta.input.peek(Token![=]) {
                meta.value()?.parse::<syn::Expr>()?;
            }
            Ok(())
        });
    }
    Some((schema, table?))
}

/// The head of a `diesel::table!`.
struct Table {
    schema: Option<String>,
    ident: String,
    name: String,
}

impl Parse for Table {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        while input.peek(Token![use]) {
            input.parse::<syn::ItemUse>()?;
        }
        let attributes = input.call(Attribute::parse_outer)?;
        let first: Ident = input.parse()?;
        let second = if input.peek(Token![.]) {
            input.parse::<Token![.]>()?;
            Some(input.parse::<Ident>()?)
        } else {
            None
        };
        // The key and the columns say nothing of the name.
        input.parse::<proc_macro2::TokenStream>()?;
        let sql_name = attributes.iter().find_map(sql_name);
        let (schema, ident) = match second {
            Some(ident) => (Some(first.to_string()), ident),
            None => (None, first),
        };
        let name =
            sql_name.unwrap_or_else(|| ident.to_string().trim_start_matches("r#").to_owned());
        // Diesel takes `public` for what it is: no schema.
        let schema = schema.filter(|schema| schema != "public");
        Ok(Self { schema, ident: ident.to_string(), name })
    }
}

fn sql_name(attribute: &Attribute) -> Option<String> {
    let named =
        attribute.meta.require_name_value().ok().filter(|meta| meta.path.is_ident("sql_name"))?;
    match &named.value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let module = Module { krate: "shop".to_owned(), path: vec!["tables".to_owned()] };
        let mut found = Vec::new();
        find(&syn::parse_file(text).unwrap(), &module, &mut found);
        let said = |d: &Declared| {
            let schema = d.schema.as_deref().unwrap_or("-");
            format!("{:?} {schema} {} {}", d.kind, d.table, d.module.path.join("::"))
        };
        found.iter().map(said).collect()
    }

    #[test]
    fn entities_are_found_with_their_modules_and_names() {
        let text = r##"
            // #[sea_orm(table_name = "comment")]
            const TEXT: &str = "#[sea_orm(table_name = \"text\")]";
            #[derive(DeriveEntityModel)]
            #[sea_orm(schema_name = "billing", table_name = "invoices", comment = "of a tenant")]
            pub struct Model { #[sea_orm(primary_key, auto_increment = false)] pub id: i32 }
            pub mod plan {
                #[sea_orm::model]
                #[derive(DeriveEntityModel)]
                #[sea_orm(table_name = "plans")]
                pub struct Model { id: i32 }
            }
        "##;
        assert_eq!(found(text), ["Seaorm billing invoices tables", "Seaorm - plans tables::plan"]);
    }

    #[test]
    fn diesels_tables_are_found_with_their_schemas_and_names() {
        let text = r#"
            // diesel::table! { comment (id) { id -> Int4, } }
            diesel::table! {
                use diesel::sql_types::*;
                use super::sql_types::Year;
                /// Films.
                film (film_id) { film_id -> Int4, year -> Nullable<Year>, }
            }
            table! { billing.invoices (a, b) { a -> Int4, b -> Int4, } }
            diesel::table! { #[sql_name = "type"] type_ (id) { id -> Int4, } }
            diesel::joinable!(film -> type_ (id));
        "#;
        let expected = [
            "Diesel - film tables::film",
            "Diesel billing invoices tables::invoices",
            "Diesel - type tables::type_",
        ];
        assert_eq!(found(text), expected);
    }
}
