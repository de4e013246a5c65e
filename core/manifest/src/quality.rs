//! Which rows count, what is expected of a stream, and when a batch is quarantined for review.

use crate::mapping::Capture;
use crate::shape::{Within, table, words};

words! {
    /// What is done with a row.
    #[zh = "对一行作何处理"]
    pub enum Act {
        /// It is read, whatever later rules say.
        #[zh = "照常读取，不再看后面的规则"]
        "keep" => Keep,
        /// It is counted as skipped, with the reason.
        #[zh = "计为略过，并记下原因"]
        "skip" => Skip,
        /// It is parked as a dead letter, with the reason.
        #[zh = "转入死信，并记下原因"]
        "park" => Park,
    }
}

table! {
    /// A comparison of one raw field. Exactly one of `is`, `is_not`, `blank`, `above`, `below` and `matches`.
    #[zh = "对一个原始字段的比较。is、is_not、blank、above、below、matches 选一"]
    pub struct Condition {
        /// Path of the field.
        #[zh = "字段路径"]
        path: String;
        /// It is one of these texts.
        #[zh = "等于其中之一"]
        is: Option<Vec<String>>;
        /// It is none of these texts.
        #[zh = "不等于其中任何一个"]
        is_not: Option<Vec<String>>;
        /// It is blank (true), or it is not (false).
        #[zh = "为空（true）或不为空（false）"]
        blank: Option<bool>;
        /// It is a number above this.
        #[zh = "数值大于"]
        above: Option<String>;
        /// It is a number below this.
        #[zh = "数值小于"]
        below: Option<String>;
        /// A regular expression with a group finds something.
        #[zh = "与正则表达式（须有分组）匹配"]
        matches: Option<Capture>;
    }
}

table! {
    /// A rule about rows. The first whose conditions all hold decides; a row that none is about is read.
    #[zh = "行规则。条件全部成立的第一条规则生效；没有规则适用的行照常读取"]
    pub struct RowRule {
        /// Conditions, all of which must hold.
        #[zh = "条件，须全部成立"]
        when: Vec<Condition>;
        /// What is done.
        #[zh = "如何处理"]
        act: Act;
        /// Why, for whoever asks.
        #[zh = "理由"]
        because: String = String::new(), "";
    }
}

words! {
    /// What is done about a raw field that was never seen before.
    #[zh = "对从未见过的原始字段作何处理"]
    pub enum NewField {
        /// It is kept in the raw record and told.
        #[zh = "保留在原始记录中并提示"]
        "report" => Report,
        /// It is kept in the raw record.
        #[zh = "保留在原始记录中，不提示"]
        "ignore" => Ignore,
    }
}

table! {
    /// When a batch is held: its records stay as they came, undecided, until a person releases it. Held is what has the same
    /// fault in the same field in more than `hold_above_percent` of its records, as when a field that must be there is renamed
    /// or retyped. A renamed field that may be missing makes no fault, nor do hours in another unit that are still possible.
    #[zh = "何时把整个批次扣住：记录原样保留，不作处理，直到有人放行。同一字段的同一问题超过 hold_above_percent 即扣住，例如必需的字段改了名或改了类型。可以不写的字段改名，或学时换了单位而数值仍在合理范围，不算问题，不会扣住"]
    pub struct Contract {
        /// Held when more than this per cent of a batch's records have the same fault in the same field.
        #[zh = "同一字段同一问题的记录超过此百分比即扣住"]
        hold_above_percent: Within<1, 100> = Within(50), "50";
        /// And the batch has at least so many records.
        #[zh = "且该批次不少于这么多条记录"]
        hold_from_records: Within<1, 100_000> = Within(20), "20";
        /// What is done about a field that is new.
        #[zh = "出现新字段时如何处理"]
        new_field: NewField = NewField::Report, "report";
    }
}

table! {
    /// What is expected of a whole pass. A pass that is otherwise has failed: what came is kept, and people are told.
    #[zh = "对一次同步的预期。不符时，该次同步记为失败并提示；已收到的保留"]
    pub struct Expect {
        /// At least so many records.
        #[zh = "至少多少条记录"]
        least_records: Option<Within<1, 1_000_000_000>>;
        /// At most so many records.
        #[zh = "至多多少条记录"]
        most_records: Option<Within<1, 1_000_000_000>>;
        /// At most so many parked records.
        #[zh = "死信至多多少条"]
        most_parked: Option<Within<0, 1_000_000_000>>;
        /// At most so many per cent parked.
        #[zh = "死信至多占百分之几"]
        most_parked_percent: Option<Within<0, 100>>;
        /// The newest last day is at most so many days ago.
        #[zh = "最新的结束日期距今至多多少天"]
        fresh_within_days: Option<Within<1, 36_500>>;
    }
}
