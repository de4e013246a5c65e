# 同步结果未达到清单中的预期之处。
run-short = { $stream }：收到 { $received } 条记录，平台称共有 { $total } 条
run-rows_left_out = { $stream }：{ $payload } 中有 { $rows } 行像记录而未读取，在清单未选的工作表中或表头之上（{ $sheets }）；请改正 `sheets` 或 `header`，确实不读的工作表请写入 `ignored_sheets`
run-too_few_records = { $stream }：收到 { $records } 条记录，应不少于 { $min } 条
run-too_many_records = { $stream }：收到 { $records } 条记录，应不多于 { $max } 条
run-too_many_parked = { $stream }：有 { $parked } 条成为死信，应不超过 { $max } 条
run-too_large_share_parked = { $stream }：{ $records } 条中有 { $parked } 条成为死信，应不超过 { $max_percent } %
run-not_fresh = { $stream }：最新的结束日期为 { $newest }，应在 { $days } 天之内
run-no_record = { $stream }：没有记录，应有最近 { $days } 天之内的记录
run-missing = { $stream }：最新的完整数据中缺少 { $records } 条记录；在有人决定之前仍然计入，见 `huiliu missing list`
run-too_many_missing = { $stream }：最新的完整数据中缺少 { $of } 条记录中的 { $records } 条，超过 { $max_percent } %；清单规定撤回，但一次缺少这么多，须等人决定，在此之前仍然计入，见 `huiliu missing list`
run-missing_withdrawn = { $stream }：最新的完整数据中缺少 { $records } 条记录，已按清单的规定不再计入；见 `huiliu missing list --state withdrawn`
run-missing_unclear = { $stream }：无法判断缺少哪些记录：{ $because }
unclear-unmet = 本次同步未达到其他预期
unclear-partial = 本次同步没有从头到尾读完此数据流；下次同步会读完
unclear-unread = 有 { $payloads } 个载荷无法读取
unclear-undelivered = 有 { $batches } 个批次尚未投递，见 `huiliu batches list`
unclear-unidentified = 有 { $records } 行看不出是谁的记录；请更正或作废这些死信（见 `huiliu dead-letters list`），然后再次同步
unclear-awaiting = 有 { $records } 行已暂缓而尚未重放（见 `huiliu payloads list --state read`）；重放之后再次同步
unclear-unknown = 有 { $batches } 个批次在清单写明 `complete = true` 之前就已投递；请执行 `huiliu sync --full`
run-process_ended = 执行同步的进程已中断

# 批次为何被隔离。
batch-crashed = 单独投递此批次的进程被信号 { $signal } 终止
contract-broken = 此批次不符合数据流的约定，已隔离：{ $problems }；请修正清单，或用 `huiliu batches release` 原样放行
contract-shared_problem = { $of } 条记录中有 { $records } 条的字段 { $field } 出现问题 { $reason }
contract-damaged_ids = 字段 { $field } 的 { $of } 个身份证号中有 { $records } 个被电子表格损坏，末几位变成了零（{ $examples }），整列都不可信；请把该列存为文本，重新取得文件
contract-other_hours = 在课程以往出现过的 { $of } 条记录中，有 { $records } 条的字段 { $field } 是以往的许多倍或几分之一：现为 { $now } 学时，以往为 { $before } 学时（{ $address }）；请核实单位是否变了
contract-other_median = 字段 { $field } 的中位数为 { $now }，而以往 { $records } 条记录为 { $before }；请核实单位或分制是否变了
contract-new_words = { $of } 条记录中有 { $records } 条的字段 { $field } 出现从未有过的值：{ $values }，以往为 { $known }；请核实其含义
contract-new_blanks = { $of } 条记录中有 { $records } 条的字段 { $field } 为空，而以往 { $before } 条记录都不为空；请核实该字段是否改了名
run-listing_restarted = { $stream }：平台不接受上次停下的位置（{ $why }），已从列表开头重新读取
run-other_encoding = { $payload }：清单写的是 GB18030，而内容是 UTF-8，已按 UTF-8 读取；请在数据流 { $stream } 的 `format` 中写 `encoding = "auto"`
run-files_left_out = 有 { $files } 个文件的名称不符合连接器的任何模式，未读取：{ $names }；请改名、在清单中增加模式，或将其移走；见 `huiliu files list { $source } --state left-out`
run-files_unfit = 有 { $files } 项不是普通文件（而是链接、文件夹、管道、设备等），或名称不是可读的文字，未读取：{ $names }；请放入文件本身，或改名；见 `huiliu files list { $source } --state left-out`
run-files_growing = { $stream }：有 { $files } 个文件正在写入，留待下次同步：{ $names }
run-files_taken_as_read = { $stream }：按游标，有 { $files } 个文件此前已经读取或略过，不再读取；见 `huiliu files list { $source }`，或用 `huiliu sync { $source } --full` 全部重新读取
run-files_failed = { $stream }：有 { $files } 个文件无法取得：{ $names }；下次同步会再试，见 `huiliu files list { $source } --state failed`
run-sheet_taken = { $file } 是更正表：解决死信 { $closed } 条，另有 { $others } 行没有解决死信{ $failure ->
    [null] {""}
   *[other] ；更正没有全部重放：{ $failure }
}；见 `huiliu corrections list`
run-unread = 有 { $payloads } 个载荷无法解码，第一个是 { $payload }：{ $why }；见 `huiliu payloads list`

# 文件为何不读取，或不再读取。
file-name = 名称不符合任何模式：{ $patterns }
file-temporary = 从名称看，是其他程序工作时的临时文件
file-link = 这是符号链接，不予读取
file-folder = 这是文件夹；只读取直接放在该来源文件夹中的文件
file-directory = 这是文件夹，却用了文件的名称
file-pipe = 这是命名管道，没有结尾
file-socket = 这是套接字，没有结尾
file-device = 这是设备，可能没有结尾
file-other_name = 它在别处另有名称（硬链接），且不属于文件夹的所有者；请改放副本
file-name_not_text = 名称不是可读的文字
file-growing = 当时正在写入；下次同步再看
file-copy = 内容和修改时间都与已读取的 { $of } 相同
