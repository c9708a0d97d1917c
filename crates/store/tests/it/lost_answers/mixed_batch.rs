//! A batch of which some rows are refused.

use acteon_store::postgres::PostgresStore;
use acteon_store::{Admitted, Disposition, Journal as _, Processes as _};
use acteon_testkit::postgres::TestDatabase;

use super::{charged, until_open};
use crate::at;

/// Refuses some rows of a table.
fn refusing(table: &str, condition: &str) -> String {
    format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN RAISE EXCEPTION 'no'; END IF; \
         RETURN NEW; END $$; CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_mixed_batch_in_which_some_rows_are_refused_everybody_hears_the_truth() {
    // What is refused is given up at another time than what is not.
    for (table, condition) in [
        ("actions", "NEW.id LIKE 'bad%'"),
        ("jobs", "NEW.give_up_at = 777000"),
    ] {
        let Some(database) = TestDatabase::find().await else {
            return;
        };
        let store = PostgresStore::open(database.options())
            .await
            .expect("a store");
        let owner = store.register().await.expect("an owner");
        database
            .execute(&refusing(table, condition))
            .await
            .expect("a trigger");
        let admit = |number: usize| {
            let id = format!("{}{number}", if number % 20 == 7 { "bad" } else { "good" });
            let mut admission = charged(&id, owner, 100);
            if let Disposition::Send { routes, .. } = &mut admission.disposition {
                for route in routes.iter_mut() {
                    route.give_up_at = at(if number % 20 == 7 { 777 } else { 1000 });
                    if number.is_multiple_of(2) {
                        route.quotas.clear();
                    }
                }
            }
            store.admit(admission)
        };
        let told = futures_util::future::join_all((0..120).chain([127, 128]).map(admit)).await;
        let (mut accepted, mut charges) = (0, 0);
        for (told, number) in told.iter().zip((0..120).chain([127, 128])) {
            let is_bad = number % 20 == 7;
            assert_eq!(
                matches!(told, Ok(Admitted::Open { .. })),
                !is_bad,
                "{table}, {number}"
            );
            accepted += usize::from(!is_bad);
            charges += u64::from(!is_bad && number % 2 == 1);
        }
        let there = database.count("SELECT COUNT(*) FROM actions a JOIN jobs j ON j.seq = a.seq WHERE a.id LIKE 'good%'").await;
        let others = database
            .count("SELECT (SELECT COUNT(*) FROM actions WHERE id LIKE 'bad%') + (SELECT COUNT(*) FROM jobs WHERE give_up_at = 777000)");
        assert_eq!(
            (there.expect("a count"), others.await.expect("a count")),
            (accepted as i64, 0),
            "{table}"
        );
        assert_eq!(
            store.used("q").await,
            Ok(charges),
            "{table}: what was not written is not charged"
        );
        until_open(&store, accepted).await;
    }
}
