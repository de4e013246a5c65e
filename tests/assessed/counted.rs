//! Whether an hour counts when records, grades, rules and decisions contradict or repeat each other, tested with the
//! real program on both databases.

use super::{Office, expected_entry};
use crate::test_env::Services;

/// The place in the Jilin pack before which a setting can be inserted.
const END: &str = "# What the document";

fn setting(name: &str, value: &str) -> String {
    format!("[setting.{name}]\nvalue = \"{value}\"\nbasis = \"assumed\"\nsource = \"a trial\"\n\n{END}")
}

#[test]
fn an_assessment_goes_when_the_newer_version_has_none() {
    for on in [Services::Sqlite, Services::Postgres] {
        let office = Office::new(on, &[(END, &setting("missing_component", "renormalise"))]);
        let row = |scores: &str| format!("王一,22010219590911001X,P1,C1,10,2014-05-01,{scores},100");
        office.upload_completions(1, &[&row("90,90,90")]);
        assert_eq!(office.first_entry(), expected_entry("counted", "excellent", "pass_gate", 10));
        assert_eq!(office.house.run_sql("SELECT count(*) FROM assessment"), 1);
        office.upload_completions(2, &[&row(",,")]);
        assert_eq!(office.first_entry(), expected_entry("provisional", "", "not_assessed", 10), "{on:?}");
        assert_eq!(office.house.run_sql("SELECT count(*) FROM assessment"), 0, "{on:?}");
        // The next version has a grade again.
        office.upload_completions(3, &[&row("10,10,")]);
        assert_eq!(office.first_entry(), expected_entry("not_passed", "fail", "pass_gate", 0), "{on:?}");
    }
}

#[test]
fn no_score_at_all_is_no_assessment_where_missing_scores_are_left_out() {
    for on in [Services::Sqlite, Services::Postgres] {
        let row = "王一,22010219590911001X,P1,C1,10,2014-05-01,,,,100";
        let office = Office::new(on, &[(END, &setting("missing_component", "renormalise"))]);
        office.upload_completions(1, &[row]);
        assert_eq!(office.first_entry(), expected_entry("provisional", "", "not_assessed", 10), "{on:?}");
        // A pack that fails missing scores fails this record too.
        let strict = Office::new(on, &[(END, &setting("missing_component", "fail"))]);
        strict.upload_completions(1, &[row]);
        assert_eq!(strict.first_entry(), expected_entry("not_passed", "fail", "pass_gate", 0), "{on:?}");
    }
}
