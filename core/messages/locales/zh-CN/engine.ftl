# 要找而没有的。
run-not_found = 没有编号为 { NUMBER($run, useGrouping: "false") } 的同步；请看 `huiliu runs list`
dead_letter-not_found = 没有编号为 { NUMBER($dead_letter, useGrouping: "false") } 的死信
record-not_found = 没有编号为 { NUMBER($record, useGrouping: "false") } 的培训记录
record-not_found_of_teacher = 培训记录 { NUMBER($record, useGrouping: "false") } 不存在，或不属于已知的教师；请看 `huiliu records list`
replay-not_found = 没有编号为 { NUMBER($replay, useGrouping: "false") } 的重放
teacher-not_found = 没有编号为 { NUMBER($teacher, useGrouping: "false") } 的教师
teacher-not_found_by_id_number = 没有教师的身份证号是此号码
claim-not_found = 没有编号为 { NUMBER($claim, useGrouping: "false") } 的声明；请看 `huiliu identity queue`
decision-not_found = 没有编号为 { NUMBER($decision, useGrouping: "false") } 的有效决定；请看 `huiliu decisions list`
school-not_found = 没有学校 { $school }
region-not_found = 没有区划 { $region }；请看 `huiliu regions list`
course-not_found = 没有课程 "{ $course }"；请看 `huiliu courses list`
connector-not_found = 没有连接器 "{ $connector }"；请看 `huiliu connectors list`
source-not_found = 没有来源 "{ $name }"；请看 `huiliu sources list`
rule_pack-not_found = 没有规则包 "{ $pack }"；现有 { $known }
correction-nothing = 没有符合条件的待处理死信；请看 `huiliu dead-letters groups`
correction-too_many = 符合条件的死信有 { $letters } 条，一次最多更正 { $max } 条；请按原因分别更正
correction-field = 数据流 { $stream } 的清单不读取原始字段“{ $field }”；读取的字段是 { $known }
correction-sound = 死信 { NUMBER($dead_letter, useGrouping: "false") } 的内容无误，只是等待重放；如果其中的值不对，应由报送方重新报送
correction-not_held = 没有编号为 { NUMBER($correction, useGrouping: "false") } 的有效更正；请看 `huiliu corrections list`
sheet-stream = 死信属于多个数据流；请用 `--stream` 指定其中之一：{ $streams }
sheet-too_many = 符合条件的死信有 { $letters } 条，一张表最多 { $max } 行；请用 `--cause`、`--run` 或 `--file` 缩小范围
sheet-too_many_rows = 相关的文件和页共有 { $rows } 行，一张表最多 { $max } 行；请用 `--file` 或 `--run` 缩小范围，或去掉 `--all-rows`
sheet-unreadable = 原始记录现在都无法读取：{ $why }
sheet-unknown = { $file } 不是更正表，或者其隐藏列“{ $column }”已被删除；请用 `huiliu corrections export` 重新导出
sheet-not_zip = { $file } 将是压缩包而不是工作簿；使用 `--protect` 时，请给出以 .zip 结尾的文件名
sheet-too_large = 工作簿放不下这些行（{ $why }）；请用 `--cause`、`--run` 或 `--file` 缩小范围
sheet-tables = { $file } 不能是文本，因为这些行属于 { $tables } 种不同的表头；请给出以 .xlsx 结尾的文件名，或用 `--file` 缩小范围
sheet-unwritable = 无法写入 { $file }：{ $why }；已有的文件不会被覆盖
sheet-file = 无法读取 { $file }：{ $why }
sheet-large_file = { $file } 超过 { $max } 字节
column-place = 位置
column-errors = 错误信息
column-allowed = 允许的值
sheet-damaged = 无法读取 { $file }：{ $why }
mapped-other_record = 按现在的清单，收到死信 { NUMBER($dead_letter, useGrouping: "false") } 的位置是另一条原始记录；请看 `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`
mapped-absent = 死信 { NUMBER($dead_letter, useGrouping: "false") } 的原始字段“{ $field }”没有值，而只有值可以映射；请用 `huiliu corrections add` 更正
mapped-same = 原始字段“{ $field }”已经是这个值；请给出另一个值
mapped-not_blamed = 死信 { NUMBER($dead_letter, useGrouping: "false") } 并非因原始字段“{ $field }”的值而待处理，因此不会读取映射值；其原因请看 `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`
mapped-not_held = 没有编号为 { NUMBER($mapped_value, useGrouping: "false") } 的有效映射值；请看 `huiliu corrections mapped`
correction-twice = 原始字段“{ $field }”给出了两次；请只给一个值
suggestion-slip = 同名教师有此身份证号，收到的号码与其只差一处笔误：{ $slip }
suggestion-title = 该来源报送过课程名称完全相同的同类记录，使用此代码
suggestion-no_teachers = 死信 { NUMBER($dead_letter, useGrouping: "false") } 没有建议的教师；请看 `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`，或用 `huiliu corrections add { NUMBER($dead_letter, useGrouping: "false") }` 填写
suggestion-other_teachers = 编号为 { NUMBER($teacher, useGrouping: "false") } 的教师不在死信 { NUMBER($dead_letter, useGrouping: "false") } 的建议之中，建议的是 { $suggested }；请看 `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`，或用 `huiliu corrections add { NUMBER($dead_letter, useGrouping: "false") }` 填写
suggestion-no_courses = 死信 { NUMBER($dead_letter, useGrouping: "false") } 没有建议的课程；请看 `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`，或用 `huiliu corrections add { NUMBER($dead_letter, useGrouping: "false") }` 填写
suggestion-other_courses = 课程代码“{ $course }”不在死信 { NUMBER($dead_letter, useGrouping: "false") } 的建议之中，建议的是 { $suggested }；请看 `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`，或用 `huiliu corrections add { NUMBER($dead_letter, useGrouping: "false") }` 填写
filter-source = 没有来源 "{ $name }"；现有 { $known }
filter-no_source = 没有来源 "{ $name }"；尚无任何来源
filter-stream = 没有数据流“{ $stream }”；现有数据流为 { $known }
filter-connector = 没有连接器 "{ $connector }"；现有 { $known }
filter-run = 没有编号为 { NUMBER($run, useGrouping: "false") } 的同步；最新的是 { NUMBER($newest, useGrouping: "false") }，请看 `huiliu runs list`
filter-no_run = 没有编号为 { NUMBER($run, useGrouping: "false") } 的同步；尚无任何同步
filter-reason = 没有原因代码 "{ $reason }"；是不是 { $nearest }？
filter-no_reason = 没有原因代码 "{ $reason }"；请看 `huiliu dead-letters list`
filter-cause = 没有死信的原因编号是 { NUMBER($cause, useGrouping: "false") }；请看 `huiliu dead-letters groups`
filter-field = 没有死信的原因涉及字段“{ $field }”；是不是 { $nearest }？
filter-no_field = 没有死信的原因涉及字段“{ $field }”；请看 `huiliu dead-letters groups`
filter-file = 没有收到过名为“{ $file }”的数据；请看 `huiliu files list`
filter-institution = 没有代码为 "{ $institution }" 的机构；现有 { $known }
filter-no_institution = 没有代码为 "{ $institution }" 的机构；尚无任何机构
filter-actor = 审计日志中没有操作人 "{ $actor }"；现有 { $known }
filter-action = 审计日志中没有操作 "{ $action }"；现有 { $known }
filter-subject = 审计日志中没有关于 "{ $subject }" 的记录；请照 `huiliu audit` 所示写出对象，例如 "重放 7"，或只写类别，例如 "重放"

# 为何一项操作没有执行。
dead_letter-no_other_person = 死信 { NUMBER($dead_letter, useGrouping: "false") } 不是待处理状态，或者原因不是 record_key.other_person；请看 `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`
dead_letter-not_open = 死信 { NUMBER($dead_letter, useGrouping: "false") } 不是待处理状态；请看 `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`
dead_letter-not_corrected = 没有找到改正死信 { NUMBER($dead_letter, useGrouping: "false") } 的记录；如不需要这一行，请用 `huiliu dead-letters discard` 作废
dead_letter-ambiguous = 有 { $candidates } 条记录可能是死信 { NUMBER($dead_letter, useGrouping: "false") } 改正后的记录；请看 `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`，再指明是哪一条：`huiliu dead-letters close { NUMBER($dead_letter, useGrouping: "false") } --record`
dead_letter-nothing_corrected = 来源 { $source } 没有可能已改正的待处理死信；请看 `huiliu dead-letters list --corrected`
dead_letter-not_closed = 死信 { NUMBER($dead_letter, useGrouping: "false") } 不是由改正后的记录关闭的；请看 `huiliu dead-letters show { NUMBER($dead_letter, useGrouping: "false") }`
payload-not_found = 没有编号为 { NUMBER($payload, useGrouping: "false") } 的无法解码的载荷；见 `huiliu payloads list --all`
payload-read = 载荷 { NUMBER($payload, useGrouping: "false") } 后来已解码或已被取代；请看 `huiliu payloads show { NUMBER($payload, useGrouping: "false") }`
payload-not_open = 载荷 { NUMBER($payload, useGrouping: "false") } 不是待处理状态；请看 `huiliu payloads show { NUMBER($payload, useGrouping: "false") }`
payload-not_dismissed = 载荷 { NUMBER($payload, useGrouping: "false") } 未被作废；请看 `huiliu payloads show { NUMBER($payload, useGrouping: "false") }`
payload-no_stream = 载荷 { NUMBER($payload, useGrouping: "false") } 属于连接器 { $connector } 的数据流 { $stream }，但它已不存在
payload-no_process = 无法启动解包载荷的进程：{ $why }
source-not_held_too_long = 来源 { $name } 及其批次都没有占用过久；进程若已结束，其占用会自行到期，请看 `huiliu schedules list`
notification-no_channel = 设置中没有通知渠道；请在设置文件中添加 { "[[webhook]]" } 或 { "[mail]" }
notification-source_failed = { $event ->
    [ended] 来源 { $source } 已恢复同步
   *[began] 来源 { $source } 同步失败；请看 `huiliu runs list --source { $source }`
}
notification-source_late = { $event ->
    [ended] 来源 { $source } 不再逾期
   *[began] 来源 { $source } 到期一小时以上仍无人同步；请检查工作进程是否在运行
}
notification-batch_quarantined = { $event ->
    [ended] 来源 { $source } 已没有被隔离的批次
   *[began] 来源 { $source } 有 { $number } 个批次被隔离，待人放行；请看 `huiliu batches list --quarantined`
}
notification-payload_unread = { $event ->
    [ended] 来源 { $source } 的原始数据均已读取、替换或忽略
   *[began] 来源 { $source } 有 { $number } 份原始数据无法解码；请看 `huiliu payloads list --source { $source }`
}
notification-many_dead_letters = { $event ->
    [ended] 来源 { $source } 最近一次同步中无法使用的记录已不多
   *[began] 来源 { $source } 最近一次同步中有 { $number } 条记录无法使用，达十分之一以上；请看 `huiliu dead-letters groups --source { $source }`
}
notification-replay_unapproved = { $event ->
    [ended] 重放 { NUMBER($replay, useGrouping: "false") } 不再等待另一人批准
   *[began] 重放 { NUMBER($replay, useGrouping: "false") } 须由另一人批准；请看 `huiliu replay show { NUMBER($replay, useGrouping: "false") }`，然后批准或关闭
}
notification-ledger_differs = { $event ->
    [ended] 学时台账已与规则、决定和记录一致
   *[began] 学时条目有 { $number } 处与规则、决定和记录不一致；请看 `huiliu doctor`
}
notification-test = 测试：汇流的通知可以送达此处
channel-url = 地址无法使用：{ $why }；应以 http://、https://、smtp:// 或 smtps:// 开头
channel-not_public = { $why }
channel-timeout = { $seconds } 秒内没有应答
channel-unreachable = 无法连接：{ $why }
channel-status = 应答状态为 { $status }
channel-mail_address = “{ $given }”不是邮件地址；例如 duty@example.cn
channel-mail = 邮件服务器未接收：{ $why }
channel-secret_env = 环境变量 { $variable } 没有设置
channel-secret_file = 文件 { $file } 无法读取或为空
channel-no_secret = { "webhook" } { $name } 没有密钥；请为其添加 { "secret_env" } 或 { "secret_file" }
batch-not_quarantined = 批次 { NUMBER($batch, useGrouping: "false") } 未被隔离；请看 `huiliu batches list --quarantined`
missing-not_missing = 记录 { NUMBER($record, useGrouping: "false") } 并非其数据流最新的完整数据中所缺少的；见 `huiliu missing list --all`
missing-nothing = 没有记录会因此改变；见 `huiliu missing list --all`
decision-revoked_already = 培训记录 { NUMBER($record, useGrouping: "false") } 的证书已于 { $at } 由 { $by } 撤销（决定 { NUMBER($decision, useGrouping: "false") }）；用 `huiliu decisions undo { NUMBER($decision, useGrouping: "false") }` 可撤回该决定
decision-undone_already = 决定 { NUMBER($decision, useGrouping: "false") } 已于 { $at } 由 { $by } 撤回（决定 { NUMBER($undone_by, useGrouping: "false") }）
decision-merged_into_itself = 不能把教师并入自己
decision-already = 决定 { NUMBER($decision, useGrouping: "false") } 的内容与此相同，无需再作
decision-on_roster = 教师 { NUMBER($teacher, useGrouping: "false") } 在名册中，以名册为准；请在名册中填写原身份证号
decision-moved_since = 此后的决定 { NUMBER($decision, useGrouping: "false") } 又把同一批号码改归他人；请先撤回该决定
match-thresholds = { $file }：{ "[thresholds]" } 一节：{ $why }
replay-nothing = 没有符合条件的待处理死信
replay-no_records = 没有符合条件的已入库记录；名册中的各行不能重读，会随下次同步更新
replay-of_letters_only = 已入库记录没有阶段、原因代码、字段、原因编号和死信编号；请按连接器、来源、机构、数据流、同步、文件、教师或日期选择
replay-stopped = 已停止；未作任何改动，该计划已关闭
replay-too_long = 已超过 300 秒（计划时每千条记录再加一秒），其间其他操作都须等待，因此中止，未作任何改动；请按同步或原因代码缩小范围
replay-unknown = 没有编号为 { NUMBER($replay, useGrouping: "false") } 的重放
replay-not_planned = 重放 { NUMBER($replay, useGrouping: "false") } 的状态为“{ $state ->
    [planning] 计划中
    [planned] 已计划
    [applied] 已执行
   *[other] 已失效
}”，而不是“已计划”
replay-approved_already = 重放 { NUMBER($replay, useGrouping: "false") } 已由 { $approved_by } 批准
replay-no_approval_needed = 重放 { NUMBER($replay, useGrouping: "false") } 无需批准；请运行 `huiliu replay apply { NUMBER($replay, useGrouping: "false") }` 执行
replay-not_applied = 重放 { NUMBER($replay, useGrouping: "false") } 的状态为“{ $state ->
    [planning] 计划中
    [planned] 已计划
    [applied] 已执行
   *[other] 已失效
}”，没有可以撤销的内容；只有已执行的部分可以撤销
replay-not_approved = 重放 { NUMBER($replay, useGrouping: "false") } { $approval ->
    [certificate] 涉及带证书的记录
   *[other] 记录较多
}，须先由 { $planned_by } 以外的人批准：`huiliu replay approve { NUMBER($replay, useGrouping: "false") } --because …`；未作任何改动
replay-own_approval = 重放 { NUMBER($replay, useGrouping: "false") } 由 { $planned_by } 计划，不能由其本人批准；请另一人批准
replay-paused = 重放 { NUMBER($replay, useGrouping: "false") } 共 { $total } 步，已执行 { $applied } 步后停止；要继续，请运行 `huiliu replay apply { NUMBER($replay, useGrouping: "false") }`
replay-temporary_file = 无法使用计划的临时文件：{ $why }；未作任何改动；请在临时文件夹中腾出空间，或用 { "TMPDIR" } 指定另一个文件夹
replay-undo_of_undo = 重放 { NUMBER($replay, useGrouping: "false") } 是对重放 { NUMBER($undoes, useGrouping: "false") } 的撤销，不能再撤销；请重新计划这些死信的重放
replay-undone_already = 重放 { NUMBER($replay, useGrouping: "false") } 已由重放 { NUMBER($undone_by, useGrouping: "false") } 撤销
source-none = 没有配置来源；请在设置文件中添加 { "[[source]]" } 并用 --config 指定该文件，或用 `huiliu sources add` 登记
sync-source = 没有来源 "{ $name }"；现有 { $known }
worker-ended = 工作进程提前结束
upload-file = 无法读取文件 { $file }：{ $why }；未递交任何内容
upload-too_large = { $file } 有 { $size } 字节，最多接收 { $max } 字节；未递交任何内容；请拆分文件
upload-stream = 连接器 { $connector } 有多个数据流；请用 --stream 说明文件属于哪一个：{ $streams }
upload-stopped = 已停止；这只是试算，未作任何改动
upload-too_long = 试算已超过 300 秒（计划时每千条记录再加一秒），其间其他操作都须等待，因此中止，未作任何改动；请减少一次试算的文件

# 为何连接器和来源保持不变。
sample-unreadable = { $address } 无法读取：{ $fault }
connector-symbolic_link = { $path } 是符号链接，不会通过它写入；请换成普通目录或文件
connector-unwritable = 无法写入 { $path }：{ $source }
stream-not_found = 没有数据流 "{ $stream }"；现有 { $known }
sample-none = 数据流 { $stream } 没有样例；请用 --sample 指定文件，或用 --source 指定来源
connector-folder_there = { $folder } 已存在；请用 --out 指定其他位置
sample-there = { $file } 已存在；请先移走
source-empty = 来源 { $name } 没有可读取的内容
sample-anonymize = { $address }：{ $fault }
sample-elsewhere = 样例不在来源 { $name } 的平台上，因此不会把该来源的凭据发送过去；请给出其地址之下的路径，或不写 --source
sample-unpack = { $sample }：{ $fault }
sample-guess = { $sample }：{ $fault }
sample-not_found = 无法读取 { $sample }：{ $source }；请给出文件，或以 http:// 或 https:// 开头的网址
connector-id = "{ $id }" 不能作为连接器标识；标识应为 1 至 60 个小写字母、数字、- 或 _
connector-guess_unwritable = 无法写入 { $path }：{ $source }；请用 --out 指定另一目录
connector-nothing_to_register = 连接器 { $connector } 第 { NUMBER($version, useGrouping: "false") } 版就是{ $origin ->
    [built_in] 内置的那一版
    [registered] 已登记的那一版
   *[other] 清单目录（manifests_dir）中的那一版
}，内容相同；无需登记
connector-version_taken = 连接器 { $connector }：第 { NUMBER($version, useGrouping: "false") } 版已被占用或低于现有版本；请将清单中的 `version` 提高到 { NUMBER($highest, useGrouping: "false") } 以上
connector-no_version = 连接器 { $connector } 没有版本 { $version }；请看 `huiliu connectors versions { $connector }`
connector-samples = 第 { NUMBER($version, useGrouping: "false") } 版在当前程序和规则下不能通过自己的样例；未作改动：{ $differences }
connector-unusable = 连接器 { $connector }：本程序无法使用第 { NUMBER($version, useGrouping: "false") } 版：{ $why }
manifests_dir-unreadable = 无法读取 { $path }：{ $source }
connector-disabled = 连接器 { $connector } 已停用（{ $by }：{ $because }）；要恢复读取其来源，请运行 `huiliu connectors enable { $connector }`
source-unusable_connector = 来源 { $name }：连接器 "{ $connector }" 现用第 { NUMBER($version, useGrouping: "false") } 版，但本程序无法使用：{ $why }
source-unknown_connector = 来源 { $name }：没有连接器 "{ $connector }"；现有 { $known }
secret-sealed = 来源 { $name }：密封的机密 { $secret } 无法解开；请用 `huiliu secrets set { $name } { $secret }` 重新设置
secret-unset = 来源 { $name }：没有设置环境变量 { $variable }
secret-file = 来源 { $name }：无法从 { $file } 取得密码：{ $why }；其首行应为密码
password_file-empty = 文件为空
source-other_connector = 来源 { $name } 已按连接器 { $booked } 登记，而设置中为 { $now }；请为新来源另取名称
source-busy = 来源 { $name } 正由另一个进程同步；请看 `huiliu schedules list`，待其结束后再试
source-registered_already = 来源 { $name } 已登记；请用 `huiliu sources set { $name }` 修改
source-in_settings_file = 来源 { $name } 在设置文件中；请在该文件中修改
source-not_registered = 没有名为 "{ $name }" 的登记来源；请看 `huiliu sources list`
source-secret_setting = --setting { $key }：设置会显示出来，不能存放机密；请用 `huiliu secrets set { $name } { $key }` 密封
source-booked_otherwise = 来源 { $name } 已按连接器 { $connector }、机构 { $institution } 登记，已接收的数据归该机构；请为新来源另取名称
source-name = 来源名称应为 1 至 100 个字符，不得有控制字符
source-institution_code = --institution-code 为空
source-schedule = --schedule "{ $schedule }"：{ $fault }；请依次写分、时、日、月、星期，如 "0 2 1,11,21 * *"
source-password_in_address = --base-url 中含有用户名或密码，而它会显示在列表中；请用 --user，并用 `huiliu secrets set { $name } password` 密封密码
registered_source-settings = 设置有误：“{ $why }”
registered_source-schedule = 定时 "{ $schedule }"：{ $fault }
secret-no_source = 没有来源 "{ $name }"；请看 `huiliu sources list`，或先用 `huiliu sources add` 添加
secret-not_found = 来源 { $name } 没有名为 "{ $secret }" 的机密；请看 `huiliu secrets list`
cursor-never_read = 来源 "{ $name }" 从未同步，没有游标；请看 `huiliu cursors list`
cursor-source_busy = 来源 { $name } 正由另一个进程同步；请看 `huiliu schedules list`，待其结束后再试
cursor-not_found = 来源 { $name } 没有数据流 "{ $stream }" 的游标；请看 `huiliu cursors list`
cursor-no_stream = 连接器 { $connector } 没有数据流 "{ $stream }"；现有 { $known }
cursor-not_one = { $text } 不是连接器 { $connector } 的游标：{ $why }；请照 `huiliu cursors list` 所列的写法给出
schedule-form = 定时的写法有误：“{ $why }”
schedule-never = 按此写法，永远没有到点的时候

# 数据库、密钥与备份。
database-none = { $database } 中没有数据库；请检查 --data-dir 和 --database，或用 `huiliu migrate` 新建
data_dir-unwritable = 无法写入数据目录 { $dir }：{ $source }；请用 --data-dir 指定可写的目录
data_dir-lock = 无法锁定 { $file }：{ $source }；数据目录应在本地磁盘上
key-missing = 缺少根密钥文件 { $path }，而此数据库是用根密钥建立的；请放回该文件，或用 HUILIU_KEY_FILE 指明
key-none_yet = 没有根密钥 { $path }，也没有新建；请检查 --data-dir，或运行 `huiliu migrate` 生成
key-before_rotation = 此数据库早于密封密钥的一次轮换：它需要第 { NUMBER($needs, useGrouping: "false") } 代密钥，{ $key_file } 中已没有；请用 { $kept } 替换它，或用 HUILIU_KEY_FILE 指明{ $there ->
    [true] {""}
   *[other] （该文件不在此处；请到密钥备份处查找）
}
key-text = { "HUILIU_KEY" }：{ $why }
backup-server = 此数据库为 { "PostgreSQL" }：请用 `pg_dump --format=custom` 备份，见 docs/operations.zh-CN.md
backup-folder = 无法在 { $folder } 中写入备份：{ $why }；请指定可写且空间足够的文件夹
key-environment = 密钥在 { "HUILIU_KEY" } 中，无法改写；请先写入文件，用 HUILIU_KEY_FILE 指明该文件，然后再轮换
restore-server = 此数据库为 { "PostgreSQL" }：请停止工作进程，用 `pg_restore --clean --if-exists` 恢复，见 docs/operations.zh-CN.md
restore-no_file = 没有文件 { $backup }；请给出 `huiliu backup` 写好的备份
restore-would_overwrite = { $database } 已有数据库；加上 --overwrite 可用备份替换它，原文件保留在旁边
restore-in_use = 另一个进程正在使用数据库 { $database }；请停止工作进程及其他使用它的程序
restore-damaged = { $backup } 已损坏，或不是数据库；未作任何改动：{ $why }；请换用另一份备份
restore-foreign = { $backup } 是数据库，但不是汇流的；请给出 `huiliu backup` 写好的备份
restore-unwritable = 无法用备份替换 { $database }：{ $why }

# 设置有何问题。
settings-file_unreadable = 无法读取设置文件 { $file }：{ $why }；请检查 --config
settings-file = 设置文件 { $file } 第 { NUMBER($line, useGrouping: "false") } 行第 { NUMBER($column, useGrouping: "false") } 列有误：{ $why }
settings-named_file = 无法读取 { $file }：{ $why }
settings-number = { $variable } 为 "{ $value }"；应为整数
settings-unknown_variable = 汇流不读取环境变量 { $variable }{ $nearest }；请改正名称，或取消该变量
settings-workers = { "workers" } 为 { $given }；应为 1 至 64 的整数
settings-lease_ms = { "lease_ms" } 为 { $given }；至少应为 200
settings-verify_days = { "verify_days" } 为 { $given }；应为 1 至 3,650 的整数，或 0（从不核验）
settings-webhook_name = 有两个 { "webhook" } 名为 { $name }；请各取不同的名称
settings-batch_records = { "batch_records" } 为 { $given }；应为 1 至 5,000 的整数，或 0（按数据库种类取值）
settings-health = { "health" } 为 "{ $given }"；应为地址和端口，如 127.0.0.1:9464，或留空
settings-allow_networks = { "allow_networks" } 中有 "{ $given }"；应写网段（如 10.1.0.0/16）或单个地址
settings-log_format = { "log_format" } 为 "{ $given }"；应为 { "\"text\"" } 或 { "\"json\"" }
settings-schedule = { $file }：来源 { $source_name }：{ "schedule" } "{ $schedule }"：{ $why }；请依次写分、时、日、月、星期，如 "0 2 1,11,21 * *"；"" 表示不自动同步
nearest-variable = ；是不是 { $name }？
nearest-connector = （是不是 "{ $id }"？）
source-name_twice = 设置文件中有 { $times } 个来源使用此名称；请各取不同的名称
connector-unknown = 没有连接器 "{ $connector }"{ $nearest }；现有 { $known }
connector-unusable_version = 连接器 "{ $connector }" 现用第 { NUMBER($version, useGrouping: "false") } 版，但本程序无法使用：{ $why }；请改正清单或升级程序，或用 `huiliu connectors rollback` 换回另一版本
source-no_address = 连接器 { $connector } 通过 HTTP 访问平台，而 `base_url` 为空；请填写平台地址
source-no_folder = 连接器 { $connector } 读取文件，而 `folder` 为空；请填写存放文件的文件夹
source-no_place = 连接器 { $connector } 读取文件，而 `folder` 和 `base_url` 都为空；请填写其中一项
source-login_in_address = `base_url` 含有用户名或密码；用户名请写在 `user` 中，密码请用 `password_file`、`password_env` 或 `huiliu secrets set` 给出
source-folder = 无法读取文件夹 { $folder }：{ $why }；请让本程序可以读取它，或改正 `folder`
secret-variable = 没有设置机密 { $secret } 所用的环境变量 { $variable }；请设置它，或用 `huiliu secrets set` 密封该值
secret-password_file = 无法从 { $file } 取得密码：{ $why }；其首行应为密码

# 为何不接收报送的内容。
disk-short = { $folder } 所在磁盘剩余 { NUMBER($free, useGrouping: "false") } MiB，而 { "min_free_mib" } 要求 { NUMBER($least, useGrouping: "false") } MiB；请腾出空间
disk-full = 磁盘已满；请腾出空间
push-disabled = 该来源的连接器已停用；请联系汇流的管理人员
push-stream = 没有该数据流；现有 { $known }；请发送到 /push/来源/数据流
push-key_taken = 此幂等键已用于另一份原始载荷；请为每份原始载荷使用不同的键
push-unreadable = 原始载荷已保存，但无法读取：{ $fault }；请改正后用另一个键发送
push-sheet = 原始载荷已保存：它是更正表，现在无法处理：{ $why }；工作进程稍后会处理
push-busy = 另一个进程正在同步该来源
push-lost = 原始载荷已接收，但数据库中找不到
push-secret = 密钥或签名与来源不符；请向汇流管理人员索取密钥，并核对签名内容
push-time = 时间戳与本机相差超过 300 秒；请校准时钟，每次发送都重新签名
push-key = 幂等键须为 1 至 200 个可显示的 ASCII 字符，不含空格
push-digest = { "Content-Digest" } 字段中没有 { "sha-256" }，或与内容不符；请按实际发送的字节计算

# 规则为何不能启用。
rules-active_unreadable = 本程序无法使用现行规则（第 { NUMBER($activation, useGrouping: "false") } 次启用）：{ $why }；请使用启用它们的程序或更新的程序
rules-not_rules = { $file } 不是规则包、课程对照表、匹配权重或区划表；请参看 config/ 中的文件
rules-twice = { $name } 给出了两次；请只给一个版本
rules-version_taken = { $name }：第 { NUMBER($version, useGrouping: "false") } 版已有不同的内容，或低于已登记的版本；请将文件中的 `version` 提高到 { NUMBER($highest, useGrouping: "false") } 以上
rules-no_version = { $name } 没有第 { NUMBER($version, useGrouping: "false") } 版；已登记的有 { $known }
rules-no_object = 没有登记过 { $name }；已登记的有 { $known }
rules-no_pack = 规则包 { $name } 不在现行规则中；现行的有 { $known }
rules-nothing_before = 此前没有其他规则；可以启用的版本请看 `huiliu rules versions`
rules-leaves_without_rule = 有 { NUMBER($entries, useGrouping: "false") } 条记录将没有规则可依，第一条是教师 { NUMBER($teacher, useGrouping: "false") } 的记录 { NUMBER($record, useGrouping: "false") }，结束于 { $day }，单位为 { $unit }；请同时登记适用于该日期并换算该单位的规则包
rules-changed_since = 计划之后规则已有变化：计划时为第 { NUMBER($planned_on, useGrouping: "false") } 次启用，现为第 { NUMBER($now, useGrouping: "false") } 次，由 { $by } 于 { $at } 启用；未作任何更改；请重新计划
