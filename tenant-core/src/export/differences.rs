use super::{ExportManifest, ExportedTable, ImportError, tables::Tables};

/// What differs between an export's tables and those that are here.
///
/// # Errors
/// [`ImportError::Schema`] with all of it; where it may differ, with what would be lost.
pub(super) fn differences(
    manifest: &ExportManifest,
    here: &Tables,
    may_differ: bool,
) -> Result<(), ImportError> {
    let Differences { mut lost, mut other } =
        Differences::between(&manifest.tables, "the export", here);
    if !may_differ {
        lost.append(&mut other);
        if lost.is_empty() && manifest.schema_version != here.schema_version() {
            lost.push("a tenant column has another name".to_owned());
        }
    }
    if lost.is_empty() { Ok(()) } else { Err(ImportError::Schema(lost)) }
}

/// How tables that are there differ from those that are here.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    /// What would be lost.
    pub(crate) lost: Vec<String>,
    /// What would be other than it was.
    pub(crate) other: Vec<String>,
}

impl Differences {
    pub(crate) fn between(tables: &[ExportedTable], there: &str, here: &Tables) -> Self {
        let (mut lost, mut other) = (Vec::new(), Vec::new());
        for exported in tables {
            let label = exported.sql_name();
            let Some(table) = here.all.iter().find(|table| table.is(exported)) else {
                lost.push(format!("{label} is no declared tenant table here"));
                continue;
            };
            for column in &exported.columns {
                match table.column(&column.name) {
                    None => lost.push(format!("{label} has no column {:?} here", column.name)),
                    Some(found) if found.sql_type != column.sql_type => other.push(format!(
                        "{:?} of {label} is {} here and {} in {there}",
                        column.name, found.sql_type, column.sql_type
                    )),
                    Some(_) => {}
                }
            }
            for column in &table.columns {
                if !exported.columns.iter().any(|c| c.name == column.name) {
                    other.push(format!(
                        "{label} has a column {:?} here and not in {there}",
                        column.name
                    ));
                }
            }
        }
        for table in &here.all {
            if !tables.iter().any(|exported| table.is(exported)) {
                other.push(format!("{} is declared here and not in {there}", table.label()));
            }
        }
        Self { lost, other }
    }
}
