//! Which rows count, what is expected of a stream, and when a batch is quarantined for review.

use crate::mapping::Capture;
use crate::shape::{Within, table, words};

words! {
    /// What is done with a row.
    #[zh = "对一行作何处理"]
    pub enum Act {
        /// It is read; later rules are ignored.
        #[zh = "照常读取，不再看后面的规则"]
        "keep" => Keep,
        /// It is counted as skipped, with the reason.
        #[zh = "计为略过，并记下原因"]
        "skip" => Skip,
        /// It is parked as a dead letter, with the reason.
        #[zh = "转入死信，并记下原因"]
        "park" => Park,
        /// It takes a record back: the one with its key, or the one that `withdraws` names. That record counts no
        /// longer, until a newer version of it comes.
        #[zh = "撤回一条记录：与本行记录键相同的那条，或 withdraws 所指的那条。该记录不再计入，直到收到它的更新版本"]
        "withdraw" => Withdraw,
    }
}

table! {
    /// A comparison of one raw field. Give exactly one of `is`, `is_not`, `blank`, `above`, `below` and `matches`.
    #[zh = "对一个原始字段的比较。is、is_not、blank、above、below、matches 须且只能写一个"]
    pub struct Condition {
        /// Path of the field.
        #[zh = "字段路径"]
        path: String;
        /// The value is one of these texts.
        #[zh = "等于其中之一"]
        is: Option<Vec<String>>;
        /// The value is none of these texts.
        #[zh = "不等于其中任何一个"]
        is_not: Option<Vec<String>>;
        /// The value is blank (true) or is not blank (false).
        #[zh = "为空（true）或不为空（false）"]
        blank: Option<bool>;
        /// The value is a number above this one.
        #[zh = "数值大于"]
        above: Option<String>;
        /// The value is a number below this one.
        #[zh = "数值小于"]
        below: Option<String>;
        /// The value matches this regular expression. It needs a group, but only the match counts.
        #[zh = "与此正则表达式匹配；须有分组，但只看是否匹配"]
        matches: Option<Capture>;
    }
}

table! {
    /// A rule about rows. The first rule whose conditions all hold decides; a row to which no rule applies is read.
    #[zh = "行规则。条件全部成立的第一条规则生效；没有规则适用的行照常读取"]
    pub struct RowRule {
        /// Conditions, all of which must hold.
        #[zh = "条件，须全部成立"]
        when: Vec<Condition>;
        /// What is done with the row.
        #[zh = "对该行如何处理"]
        act: Act;
        /// The reason, shown to people.
        #[zh = "理由，显示给查看的人"]
        because: String = String::new(), "";
        /// With `act = "withdraw"`: the paths that hold the record key of the record that is taken back, in the order of
        /// `record_key`; for a row that names another record, such as an xAPI statement that voids one. Its version
        /// must be comparable with that record's.
        #[zh = "与 act = \"withdraw\" 同用：被撤回记录的记录键所在的路径，顺序与 record_key 相同；用于指明另一条记录的行，如作废他条的 xAPI 语句。两者的版本须可比较"]
        withdraws: Vec<String> = vec![], "[]";
    }
}

words! {
    /// What is done about a raw field that has never come before.
    #[zh = "对从未见过的原始字段作何处理"]
    pub enum NewField {
        /// It is kept in the raw record and reported.
        #[zh = "保留在原始记录中并提示"]
        "report" => Report,
        /// It is kept in the raw record and not reported.
        #[zh = "保留在原始记录中，不提示"]
        "ignore" => Ignore,
    }
}

words! {
    /// What is done about a batch whose values differ from those of the accepted records.
    #[zh = "批次中的值与已接收记录相差很大时如何处理"]
    pub enum OtherValues {
        /// It is quarantined.
        #[zh = "隔离该批次"]
        "hold" => Hold,
        /// It is delivered like any other.
        #[zh = "照常投递"]
        "ignore" => Ignore,
    }
}

table! {
    /// When a batch is quarantined: its records stay as received, and nothing is done with them, until a person
    /// releases the batch. A batch is quarantined if more than `hold_above_percent` of its records have the same
    /// problem in the same field, for example because a required field was renamed or has another type. Also
    /// without this table, a batch is quarantined if most of its ID numbers were damaged by a spreadsheet, or if `values`
    /// finds other values than before.
    #[zh = "何时隔离整个批次：记录原样保留，不作处理，直到有人放行。批次中超过 hold_above_percent 的记录在同一字段有同一问题时，即予隔离，例如必需的字段改了名或改了类型。即使不写此表，若批次中多数身份证号被电子表格损坏，或 values 发现值与以往相差很大，也会隔离"]
    pub struct Contract {
        /// The batch is quarantined if more than this percentage of its records have the same problem in the same
        /// field.
        #[zh = "同一字段有同一问题的记录超过此百分比，即隔离该批次"]
        hold_above_percent: Within<1, 100> = Within(50), "50";
        /// Batches with fewer records than this are never quarantined for it.
        #[zh = "记录少于此数的批次不因此隔离"]
        hold_from_records: Within<1, 100_000> = Within(20), "20";
        /// What is done about a field that is new.
        #[zh = "出现新字段时如何处理"]
        new_field: NewField = NewField::Report, "report";
        /// What is done about other values than those of the accepted records, with the same two bounds: hours that are
        /// many times those of the same course, or a fraction of them; codes that no record had; blanks in a field that
        /// was never blank.
        #[zh = "值与已接收记录相差很大时如何处理，界限同上面两项：学时是同一课程以往的许多倍或几分之一；出现从未有过的代码；从不为空的字段变空"]
        values: OtherValues = OtherValues::Hold, "hold";
    }
}

impl Contract {
    /// The bounds of a stream without a contract, for damaged ID numbers and other values.
    pub const USUAL: Self = Self {
        hold_above_percent: Within(50),
        hold_from_records: Within(20),
        new_field: NewField::Ignore,
        values: OtherValues::Hold,
    };

    /// Returns the same bounds without a least number of records.
    #[must_use]
    pub fn for_few(&self) -> Self {
        Self { hold_from_records: Within(1), ..self.clone() }
    }
}

table! {
    /// What is expected of a whole pass. If it is not met, the pass counts as failed and says so; what it received is
    /// kept.
    #[zh = "对一次同步的预期。不符时，本次同步记为失败并提示；已收到的保留"]
    pub struct Expect {
        /// Minimum number of records.
        #[zh = "记录最少多少条"]
        least_records: Option<Within<1, 1_000_000_000>>;
        /// Maximum number of records.
        #[zh = "记录最多多少条"]
        most_records: Option<Within<1, 1_000_000_000>>;
        /// Maximum number of parked records.
        #[zh = "死信最多多少条"]
        most_parked: Option<Within<0, 1_000_000_000>>;
        /// Maximum percentage of parked records.
        #[zh = "死信最多占百分之几"]
        most_parked_percent: Option<Within<0, 100>>;
        /// Maximum number of days since the newest last day of a record.
        #[zh = "各记录的结束日期中最新的一个，距今最多多少天"]
        fresh_within_days: Option<Within<1, 36_500>>;
    }
}
