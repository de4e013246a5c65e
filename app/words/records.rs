//! What core says about records that are not what somebody wrote; as `phrases` has it.

/// The more particular sentence stands before the more general.
pub const RECORDS: &[(&str, &str)] = &[
    ("a record that can be read; {}", "应为可以读取的记录；{0}"),
    (
        "a quote in line {} is not closed, so the lines after it were read as one cell; close it and send the file again",
        "第 {0} 行有引号没有闭合，其后的各行被读成了一个单元格；请补上引号后重新报送",
    ),
    (
        "{} cells, the header has {}: a separator inside a cell must stand in quotes",
        "有 {0} 个单元格，表头只有 {1} 个：单元格中的分隔符须用引号括起",
    ),
    ("the last line ends before its last cell: the file was cut", "最后一行在最后一格之前中断：文件不完整"),
    ("{} stands in it more than once", "其中 {0} 出现不止一次"),
    ("{} more faults; mend these first", "另有 {0} 处问题；请先改正以上各处"),
];
