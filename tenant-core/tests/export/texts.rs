//! Whatever a text holds, it is the same afterwards.

use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use tenant_core::{Export, ExportFormat, Import, TableName, Tenancy, TenantKey, quote_literal};

use crate::fixture::Shop;

fn texts() -> impl Strategy<Value = Vec<Option<String>>> {
    let nasty = prop_oneof![
        r#"(["'\\,\n\r\t{}$N]|null|NULL|\\N|\\\.|\u{2028}|\u{85}|\u{feff}|\PC){0,20}"#,
        any::<String>().prop_map(|text| text.replace('\0', "")),
    ];
    proptest::collection::vec(proptest::option::weighted(0.9, nasty), 1..12)
}

#[tokio::test]
async fn whatever_a_text_holds_it_comes_back() {
    let tenancy = Tenancy::new(TenantKey::Bigint).tenant_table(TableName::new("texts"), None);
    let shop =
        Shop::with("CREATE TABLE texts (id int PRIMARY KEY, a text, b text[])", tenancy).await;
    let (mut runner, strategy) = (TestRunner::default(), texts());
    for case in 0..60 {
        let texts = strategy.new_tree(&mut runner).unwrap().current();
        let values: Vec<String> = texts
            .iter()
            .enumerate()
            .map(|(id, text)| {
                let text = text.as_deref().map_or("NULL".to_owned(), quote_literal);
                format!("(1, {id}, {text}, ARRAY[{text}, '']::text[])")
            })
            .collect();
        let fill = format!(
            "DELETE FROM texts; INSERT INTO texts (tenant_id, id, a, b) VALUES {}",
            values.join(", ")
        );
        shop.run(&fill).await;
        let sum = "SELECT string_agg(md5(t::text), ' ' ORDER BY id) FROM texts t";
        let before = shop.one(sum).await;
        let format = if case % 2 == 0 { ExportFormat::NdJson } else { ExportFormat::Csv };
        let path = shop.path(&case.to_string());
        let export = Export::new(shop.tenancy(), 1, "alice", "a test").format(format);
        let manifest = export.to_folder(&shop.admin(), &path).await.unwrap();
        if format == ExportFormat::Csv {
            let written = std::fs::read(path.join(&manifest.tables[0].files[0].name)).unwrap();
            read_by_others(&written, &texts);
        }
        shop.run("DELETE FROM texts").await;
        Import::new(shop.tenancy(), &path).run(&shop.admin(), "alice", "a test").await.unwrap();
        assert_eq!(shop.one(sum).await, before, "{texts:?}");
    }
}

/// A reader of CSV that is not ours sees the same texts; it takes NULL for an empty one.
fn read_by_others(file: &[u8], texts: &[Option<String>]) {
    let mut reader = csv::Reader::from_reader(file);
    let read: Vec<String> = reader.records().map(|row| row.unwrap()[1].to_owned()).collect();
    let expected: Vec<&str> = texts.iter().map(|text| text.as_deref().unwrap_or("")).collect();
    assert_eq!(read, expected);
}

/// And PostgreSQL's own: `COPY` reads the files, NULL and the empty text told apart.
#[tokio::test]
async fn copy_reads_a_file_of_csv() {
    let tenancy = Tenancy::new(TenantKey::Bigint).tenant_table(TableName::new("texts"), None);
    let shop = Shop::with("CREATE TABLE texts (id int PRIMARY KEY, a text)", tenancy).await;
    shop.run(
        r#"INSERT INTO texts (tenant_id, id, a) VALUES (1, 1, ''), (1, 2, NULL), (1, 3, '\N'), (1, 4, E'a"b\n,')"#,
    )
    .await;
    let export = shop.export(1).format(ExportFormat::Csv);
    let manifest = export.to_folder(&shop.admin(), shop.path("out")).await.unwrap();
    let text =
        std::fs::read_to_string(shop.path("out").join(&manifest.tables[0].files[0].name)).unwrap();
    assert_eq!(text, "\"id\",\"a\"\n\"1\",\"\"\n\"2\",\n\"3\",\"\\N\"\n\"4\",\"a\"\"b\n,\"\n");
    let base64 = format!(
        "SELECT translate(encode(convert_to({}, 'UTF8'), 'base64'), E'\\n', '')",
        quote_literal(&text)
    );
    let base64 = shop.one(&format!("({base64})")).await;
    shop.run(&format!(
        "DELETE FROM texts; SET LOCAL app.current_tenant_id = '2';
         COPY texts (id, a) FROM PROGRAM 'echo {base64} | base64 -d' WITH (FORMAT csv, HEADER)"
    ))
    .await;
    let read =
        "SELECT string_agg(coalesce(a, 'NULL'), '|' ORDER BY id) FROM texts WHERE tenant_id = 2";
    assert_eq!(shop.one(read).await, "|NULL|\\N|a\"b\n,");
}

/// A cast to text drops them.
#[tokio::test]
async fn spaces_at_the_end_of_a_bpchar_come_back() {
    let tables = "CREATE DOMAIN padded AS bpchar; CREATE DOMAIN twice AS padded; CREATE DOMAIN five AS char(5);
        CREATE TABLE texts (id int PRIMARY KEY, a bpchar, b padded, c twice, d char(5), e five, f bpchar[])";
    let tenancy = Tenancy::new(TenantKey::Bigint).tenant_table(TableName::new("texts"), None);
    let shop = Shop::with(tables, tenancy).await;
    shop.run(
        "INSERT INTO texts (tenant_id, id, a, b, c, d, e, f) VALUES \
         (1, 1, 'a  ', 'b  ', 'c  ', 'd  ', 'e  ', ARRAY['f  ']::bpchar[]), (1, 2, '  ', '', NULL, '', NULL, NULL)",
    )
    .await;
    let sum = "SELECT string_agg(t::text, ' ' ORDER BY id) FROM texts t";
    let before = shop.one(sum).await;
    assert!(before.contains("\"a  \",\"b  \",\"c  \",\"d    \",\"e    \""), "{before}");
    for format in [ExportFormat::NdJson, ExportFormat::Csv] {
        let path = shop.path(&format!("{format:?}"));
        let export = shop.export(1).format(format);
        export.to_folder(&shop.admin(), &path).await.unwrap();
        shop.run("DELETE FROM texts").await;
        Import::new(shop.tenancy(), &path).run(&shop.admin(), "alice", "a test").await.unwrap();
        assert_eq!(shop.one(sum).await, before, "{format:?}");
    }
}
