//! Shows what the rows of the tables of payloads were taken for.

use huiliu_decode::accounting::{LeftOut, TableCount};
use huiliu_store::intake::layouts::{LandedTable, LayoutTotals};

use crate::render::{format_number, format_unsigned};
use crate::table::print_table;
use crate::words::{label, localize_address, say, sentence};

/// Tables that are shown; `--json` has up to 1,000.
const SHOWN: usize = 30;

/// Shows the tables of a run's payloads.
pub fn show_landed(tables: &[LandedTable]) {
    let rows: Vec<(String, &TableCount)> = tables.iter().map(|table| (table.payload.clone(), &table.count)).collect();
    show_tables(&rows);
}

/// Shows the tables of a page.
pub fn show_tables_of(address: &str, tables: &[TableCount]) {
    let rows: Vec<(String, &TableCount)> = tables.iter().map(|table| (address.to_owned(), table)).collect();
    show_tables(&rows);
}

fn show_tables(tables: &[(String, &TableCount)]) {
    if tables.is_empty() {
        return;
    }
    let shown: Vec<Vec<String>> =
        tables.iter().take(SHOWN).map(|(payload, count)| table_cells(payload, count)).collect();
    let mut heading = vec![label("cli-layouts-table")];
    heading.extend(count_heading());
    heading.push(label("cli-layouts-remark"));
    say("");
    print_table(&heading, &shown);
    if tables.len() > SHOWN {
        let (shown, total) = (SHOWN.to_string(), tables.len().to_string());
        say(&format!("  {}", sentence!("cli-plans-more", shown, total)));
    }
}

/// Shows the sums over the tables of some runs.
pub fn show_totals(totals: &LayoutTotals) {
    if totals.tables == 0 {
        return;
    }
    let mut heading = vec![label("cli-layouts-tables")];
    heading.extend(count_heading());
    let counts = [
        totals.tables,
        totals.rows,
        totals.headers,
        totals.records,
        totals.suspects,
        totals.titles,
        totals.marked,
        totals.below,
        totals.blank,
        totals.unread,
        totals.likely,
    ];
    say("");
    print_table(&heading, &[counts.map(format_number).to_vec()]);
}

fn count_heading() -> [&'static str; 10] {
    [
        label("cli-layouts-rows"),
        label("cli-layouts-headers"),
        label("cli-layouts-records"),
        label("cli-layouts-suspects"),
        label("cli-layouts-titles"),
        label("cli-layouts-marked"),
        label("cli-layouts-below"),
        label("cli-layouts-blank"),
        label("cli-layouts-unread"),
        label("cli-layouts-likely"),
    ]
}

fn table_cells(payload: &str, count: &TableCount) -> Vec<String> {
    let names = [Some(payload), count.member.as_deref(), count.sheet.as_deref()];
    let name: Vec<&str> = names.into_iter().flatten().filter(|name| !name.is_empty()).collect();
    let counts = [
        count.rows,
        count.headers,
        count.records,
        count.suspects,
        count.titles,
        count.marked.values().sum(),
        count.below,
        count.blank,
        count.unread,
        count.likely,
    ];
    let mut cells = vec![localize_address(&name.join(" › ")).into_owned()];
    cells.extend(counts.map(format_unsigned));
    cells.push(remark_text(count));
    cells
}

/// Says why a table is not read, that it is hidden, and which markers left rows out.
fn remark_text(count: &TableCount) -> String {
    let because = count.left_out.map(|because| match because {
        LeftOut::Pattern => label("cli-layouts-left-pattern"),
        LeftOut::Ignored => label("cli-layouts-left-ignored"),
        LeftOut::Hidden => label("cli-layouts-left-hidden"),
        LeftOut::NoHeader => label("cli-layouts-left-no-header"),
        LeftOut::Empty => label("cli-layouts-left-empty"),
        LeftOut::Unreadable => label("cli-layouts-left-unreadable"),
    });
    let hidden = count.hidden.then(|| label("cli-layouts-hidden"));
    let markers = count
        .marked
        .iter()
        .map(|(marker, rows)| sentence!("cli-layouts-marker", marker, rows = format_unsigned(*rows)));
    let told = [
        (count.hidden_rows > 0)
            .then(|| sentence!("cli-layouts-hidden-rows", rows = format_unsigned(count.hidden_rows))),
        (count.hidden_columns > 0)
            .then(|| sentence!("cli-layouts-hidden-columns", columns = format_unsigned(count.hidden_columns))),
    ];
    let parts = because.into_iter().chain(hidden).map(str::to_owned).chain(told.into_iter().flatten()).chain(markers);
    parts.collect::<Vec<_>>().join(label("cli-render-comma"))
}
