//! Tables in whose place a migration puts others while a tenant moves.

use crate::{
    fixture::{Shop, schema},
    meddling::Meddling,
    noted::moved_by,
};

/// Writes a row, which is noted, and puts another table into this one's place.
fn replace(shop: &Shop, tags: &str) -> String {
    format!(
        "INSERT INTO {tags} VALUES (1, 'new', 'x');
         DO $$ BEGIN ASSERT EXISTS (SELECT FROM tenancy.move_changes WHERE relation = '{tags}'::regclass); END $$;
         CREATE TABLE {tags}_after (LIKE {tags} INCLUDING ALL);
         INSERT INTO {tags}_after SELECT * FROM {tags};
         GRANT ALL ON {tags}_after TO {admin}_admin;
         DO $$ BEGIN EXECUTE format('ALTER TABLE {tags}_after OWNER TO %s',
           (SELECT relowner::regrole FROM pg_class WHERE oid = '{tags}'::regclass)); END $$;
         DROP TABLE {tags};
         ALTER TABLE {tags}_after RENAME TO tags",
        admin = shop.database.name()
    )
}

#[tokio::test]
async fn what_was_noted_of_a_table_that_is_no_more_goes_with_the_move() {
    // When the triggers are there that note what is written, and before anybody asks for the table again.
    for (tags, before) in
        [("public.tags", "'target') AS done"), ("acme.tags", "tenancy.analyze_moved(")]
    {
        let shop = Shop::open().await;
        let session = Meddling::new(&shop, before, &replace(&shop, tags));
        let (frozen, _) = moved_by(&shop, session, &schema("acme")).await.unwrap();
        assert_eq!(shop.checksum("acme", 1).await, frozen, "{tags}");
        shop.assert_settled().await;
    }
}
