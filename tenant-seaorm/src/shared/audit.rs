use sea_orm::sea_query::{TableName as Named, audit::AuditTrait};
use tenant_core::{Layout, TableName, Tenancy, adapter::TableScan};

use crate::Error;

/// The last look at a statement before it leaves on a shared handle, for what the types cannot
/// see: `.join(RelationDef)`, subqueries and common table expressions forget their entities.
#[derive(Debug)]
pub(crate) struct Audit {
    scan: TableScan,
    shared: Vec<TableName>,
    off: bool,
}

impl Audit {
    /// With `off`, nothing is refused, and wall 2 stands alone.
    pub(crate) fn new(tenancy: &Tenancy, layout: &Layout, off: bool) -> Self {
        let scan = TableScan::new(tenancy, layout);
        Self { scan, shared: tenancy.shared_tables().to_vec(), off }
    }

    /// Looks at the statement's tree: every table in it must be declared as shared. The walk does
    /// not reach `ORDER BY`, `HAVING` and custom SQL; [`text`](Self::text) does, for tenants'
    /// tables.
    pub(crate) fn tree(&self, statement: &impl AuditTrait) -> Result<(), Error> {
        if self.off {
            return Ok(());
        }
        let audit = statement.audit().map_err(|_| Error::TenantTable {
            table: "(one that cannot be read from the statement)".to_owned(),
        })?;
        let stranger =
            audit.requests.into_iter().find(|request| !self.is_shared(&request.schema_table));
        stranger.map_or(Ok(()), |request| {
            let Named(schema, table) = request.schema_table;
            let schema = schema.map(|s| format!("{}.", s.1)).unwrap_or_default();
            Err(Error::TenantTable { table: format!("{schema}{table}") })
        })
    }

    /// Looks at the text that would be sent: no tenant's table may be named in it.
    pub(crate) fn text(&self, sql: &str) -> Result<(), Error> {
        match self.scan.tenant_table_in(sql) {
            Some(table) if !self.off => Err(Error::TenantTable { table }),
            _ => Ok(()),
        }
    }

    fn is_shared(&self, Named(schema, name): &Named) -> bool {
        let name = name.to_string();
        let schema = schema.as_ref().map(|schema| schema.1.to_string());
        self.shared.iter().any(|table| {
            table.name() == name
                && match (table.schema(), &schema) {
                    (Some(declared), Some(named)) => declared == named,
                    _ => true,
                }
        })
    }
}
