//! The labelled population through the front door: duplicates and hours beside the truth.

pub mod labelled;

use huiliu_sandbox::population::{Population, Training};
use labelled::Labelled;

use crate::house::{House, On};

#[test]
fn duplicates_and_hours_of_a_labelled_population_are_the_truth() {
    for on in [On::Sqlite, On::Postgres] {
        let house = House::new(on);
        let labelled = Labelled::write(&house, Training::new(Population::new(1, 2_000), 0));
        house.json(&["sync", "roster", "--json", "--config", &labelled.config]);
        let pass = house.json(&["sync", "--all", "--json", "--config", &labelled.config]);
        let books = &house.json(&["balance", "--json", "--config", &labelled.config]);
        assert_eq!((&books["balanced"], &books["complete"], &books["parked"]), (&true.into(), &true.into(), &0.into()));
        let credit = labelled.credit;
        let told = labelled.compare(&house);
        assert!(credit.duplicates > 500 && credit.resent > 300, "{credit:?}");
        assert_eq!((told.records as u64, told.labelled as u64), (credit.records, credit.duplicates));
        assert_eq!(
            (told.told, told.right, told.entries),
            (told.labelled, told.labelled, told.records),
            "{told:?} {pass}"
        );
        assert_eq!((told.other_outcome, told.wrongly_credited, told.other_hours), (0, 0, 0), "{told:?}");
    }
}
