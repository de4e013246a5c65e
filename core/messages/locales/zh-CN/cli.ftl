# 命令行的文字。

# acts
cli-acts-batch-release = 放行批次
cli-acts-connector-disable = 停用连接器
cli-acts-connector-enable = 启用连接器
cli-acts-connector-register = 登记连接器
cli-acts-connector-rollback = 换回连接器版本
cli-acts-course-equate = 对照课程
cli-acts-credit-grade = 评定等次
cli-acts-credit-keep = 选定计入的记录
cli-acts-credit-revoke = 撤销证书
cli-acts-cursor-reset = 清除游标
cli-acts-cursor-set = 设置游标
cli-acts-database-restore = 恢复备份
cli-acts-dead-letter-accept = 确认记录归另一人
cli-acts-dead-letter-close = 关闭死信
cli-acts-dead-letter-discard = 作废死信
cli-acts-dead-letter-reopen = 重新打开死信
cli-acts-detail = { $key }：{ $value }
cli-acts-identity-accept = 确认身份
cli-acts-identity-merge = 合并教师
cli-acts-identity-reject = 否定身份
cli-acts-key-base-url = 网址
cli-acts-key-because = 理由
cli-acts-key-claim = 声明
cli-acts-key-code = 代码
cli-acts-key-counted = 认定
cli-acts-key-course = 课程
cli-acts-key-cursor = 游标
cli-acts-key-detail = 详情
cli-acts-key-filter = 筛选
cli-acts-key-folder = 文件夹
cli-acts-key-from = 原为
cli-acts-key-grade = 等次
cli-acts-key-institution-code = 机构
cli-acts-key-now = 现在
cli-acts-key-planned = 计划时
cli-acts-key-raw-records = 原始记录
cli-acts-key-count = 记录数
cli-acts-key-record = 记录
cli-acts-key-records = 各条记录
cli-acts-key-replaced = 所替代的启用
cli-acts-key-reverses = 撤回的决定
cli-acts-key-run = 同步
cli-acts-key-schedule = 定时
cli-acts-key-stream = 数据流
cli-acts-key-teacher = 教师
cli-acts-key-teachers = 教师数
cli-acts-key-to = 改为
cli-acts-kind-batch = 批次
cli-acts-kind-connector = 连接器
cli-acts-kind-database = 数据库
cli-acts-kind-dead-letter = 死信
cli-acts-kind-decision = 决定
cli-acts-kind-replay = 重放
cli-acts-kind-rules = 规则
cli-acts-kind-secret = 机密
cli-acts-kind-source = 来源
cli-acts-missing-keep = 保留缺少的记录
cli-acts-missing-withdraw = 撤回缺少的记录
cli-acts-payload-dismiss = 作废载荷
cli-acts-payload-reopen = 重新打开载荷
cli-acts-payload-retry = 重新解码载荷
cli-acts-kind-payload = 载荷
cli-acts-records-rekey = 记录标识改为按值比较
cli-acts-replay-apply = 执行重放
cli-acts-replay-plan = 计划重放
cli-acts-replay-refused = 重放被拒
cli-acts-rules-activate = 启用规则
cli-acts-rules-register = 登记规则
cli-acts-rules-retire = 停用规则包
cli-acts-rules-rollback = 换回以前的规则
cli-acts-rules-seed = 数据库的第一套规则
cli-acts-secret-remove = 移除机密
cli-acts-secret-set = 设置机密
cli-acts-separator = ；
cli-acts-source-add = 添加来源
cli-acts-source-release = 释放来源
cli-acts-source-remove = 移除来源
cli-acts-source-set = 修改来源
cli-acts-undo = 撤回：{ $act }
cli-acts-version = {" 版本 "}

# audit
cli-audit-action = 操作
cli-audit-at = 时间
cli-audit-audit-log-was-written-entry = 审计日志已被改动：第 { $entry } 条被修改，或它前面有记录被删去
cli-audit-by = 操作人
cli-audit-detail = 详情
cli-audit-end-known = 共 { $entries } 条，完整连续；已知末尾 { $heads } 个，最后一个是 { $at } 的第 { $last } 条，见 { $file }{ $restores ->
    [0] {""}
   *[other] ；数据库曾 { $restores } 次由备份恢复
}
cli-audit-end-unknown = 共 { $entries } 条，完整连续；末尾是否被删去无从得知，因为还没有 { $file }：下次操作会建立它
cli-audit-entry = 编号
cli-audit-heads-unreadable = { $file } 无法读取：{ $why }
cli-audit-lost-head = 审计日志被截断或替换：{ $at } 的第 { $entry } 条已不是原来的样子（{ $file } 中有 { $heads } 个末尾不在日志中，最后已知的是第 { $last } 条）
cli-audit-object = 对象
cli-audit-odd-entry = 审计日志中有第 { $entry } 条，本程序不会写出这样的编号
cli-audit-there-none = 没有
cli-audit-unreadable-line = { $file } 的第 { $line } 行不是本程序写的

# authoring
cli-authoring-summary = {"\u000A"}  { $n } 条记录：{ $outcomes }
cli-authoring-bytes = { $address }：{ $bytes } 字节
cli-authoring-class-hours = 学时
cli-authoring-clean = 可用
cli-authoring-field = 字段
cli-authoring-from = 取自
cli-authoring-manifest-toml-questions-open-lines = manifest.toml：第 { $lines } 行的问题还没有回答；回答后请删去行首的 `# ?`
cli-authoring-manifest-whole = ✓ { $connector }：清单没有问题
cli-authoring-parked = 待处理
cli-authoring-records = { $n } 条记录
cli-authoring-sample-variant-one-does-give = 有样例或其变体的结果与预期不符，见上；如果现在的结果是对的，请用 --accept 写入
cli-authoring-skipped = 略过
cli-authoring-withdrawn = 撤回记录
cli-authoring-text = 内容
cli-authoring-wrote-next-huiliu-connectors-preview = 已写入 { $shown }；接下来先运行 `huiliu connectors preview { $shown }`，修改 manifest.toml 与 samples/，再依次运行 `huiliu connectors test { $shown } --accept` 和 `huiliu connectors register { $shown }`
cli-authoring-wrote-records-dead-letters-read = 已写入 { $file }：{ $records } 条记录中有 { $parked } 条成为死信；使用前请核对

# batches
cli-batches-address = 出处
cli-batches-attempts = 尝试次数
cli-batches-batch = 批次
cli-batches-due-again = 已放行，等待投递
cli-batches-lost-claims = 中途丢失次数
cli-batches-records = 记录数
cli-batches-source = 来源
cli-batches-state = 状态
cli-batches-why = 原因

# commands
cli-commands-since-later-than-until-give = --since 晚于 --until；请在 --since 写起始日期，在 --until 写截止日期

# connectors
cli-connectors-connector = 连接器
cli-connectors-connector-registered-version-cannot-used = 连接器 { $connector }：本程序无法使用第 { $version } 版：{ $why }
cli-connectors-disabled = 已停用
cli-connectors-disabled-2 = ，已停用
cli-connectors-from = 来自
cli-connectors-sample-does-give-what-connector = 有样例的结果与连接器目录中的预期结果不符，见上
cli-connectors-streams = 数据流
cli-connectors-title = 名称
cli-connectors-version = 版本
cli-connectors-version-2 = 第 { $version } 版，{ $from }{ $state }
cli-connectors-what-registered-database-told = 无法读取数据库中登记的连接器：{ $lines }

# courses
cli-courses-code = 编号
cli-courses-connector = 连接器
cli-courses-course = 课程
cli-courses-hours-most = 认定学时上限
cli-courses-records = 记录数
cli-courses-series = 系列
cli-courses-series-learning = 学习
cli-courses-series-profession = 专业发展
cli-courses-series-teaching = 教学
cli-courses-suggested = 建议对照
cli-courses-theme = 主题
cli-courses-title = 名称

# cursors
cli-cursors-connector = 连接器
cli-cursors-cursor = 游标
cli-cursors-done-holds-from-next-sync = 已完成；自下次同步起生效
cli-cursors-source = 来源
cli-cursors-stream = 数据流

# layouts
cli-layouts-below = 表尾之后
cli-layouts-blank = 空行
cli-layouts-headers = 表头
cli-layouts-hidden-columns = 隐藏的列（照常读取）{ $columns }
cli-layouts-hidden-rows = 隐藏的行（照常读取）{ $rows }
cli-layouts-hidden = 隐藏的工作表
cli-layouts-left-empty = 空表
cli-layouts-left-hidden = 未读取：已隐藏且没有表头
cli-layouts-left-ignored = 未读取：列在 `ignored_sheets` 中
cli-layouts-left-no-header = 未读取：没有表头
cli-layouts-left-pattern = 未读取：名称不符合 `sheets`
cli-layouts-left-unreadable = 未读取：已损坏
cli-layouts-likely = 像记录而未读取
cli-layouts-marked = 标记略过
cli-layouts-marker = { $marker }：{ $rows }
cli-layouts-records = 记录
cli-layouts-remark = 说明
cli-layouts-rows = 行数
cli-layouts-suspects = 因位置搁置
cli-layouts-table = 表
cli-layouts-tables = 表数
cli-layouts-titles = 表头之上
cli-layouts-unread = 未读取

# missing
cli-missing-course = 课程
cli-missing-files-of = { $day } 的文件
cli-missing-kept = 已保留 { $n } 条记录
cli-missing-kept-by = 由 { $by } 保留：{ $because }
cli-missing-open = 等待决定
cli-missing-pass = 第 { $run } 次同步
cli-missing-since = 何时起缺少
cli-missing-state = 状态
cli-missing-whole = 未见于
cli-missing-withdrawn = 已撤回 { $n } 条记录
cli-missing-withdrawn-by = 由 { $by } 撤回：{ $because }
cli-missing-withdrawn-by-manifest = 由清单 { $by } 撤回
# files
cli-files-file = 文件
cli-files-stream = 数据流
cli-files-name = 名称
cli-files-size = 字节
cli-files-modified = 修改时间
cli-files-state = 状态
cli-files-run = 同步
cli-files-payload = 载荷
cli-files-reason = 原因
cli-files-due = 待读取
cli-files-read = 已读取
cli-files-copy = 副本
cli-files-passed = 已略过
cli-files-growing = 正在写入
cli-files-left-out = 不读取
cli-files-gone = 已不存在
# payloads
cli-payloads-open = 待处理
cli-payloads-read = 后来已解码
cli-payloads-read-as = 已由载荷 { $payload } 取代
cli-payloads-dismissed-by = 由 { $by } 作废：{ $because }
cli-payloads-records = 记录数：{ $records }
cli-payloads-still-unread = 有 { $n } 个载荷仍然无法解码；请修正清单、索取新的文件，或用 `huiliu payloads dismiss` 作废
cli-payloads-dismissed = 已作废 { $n } 个载荷
cli-payloads-reopened = 已重新打开 { $n } 个载荷

# dead-letters
cli-dead-letters-accepted = 已确认；下次重放时装载：`huiliu replay plan --code record_key.other_person`
cli-dead-letters-discarded = 已作废
cli-dead-letters-one-number = --record 只能与一条死信的编号同用
cli-dead-letters-reopened = 已重新打开
cli-dead-letters-probably-corrected = 可能已由 { $address } 改正
cli-dead-letters-corrected = 已由 { $address } 改正；由 { $who } 关闭：{ $because }
cli-dead-letters-corrected-by-manifest = 已由 { $address } 改正；按清单 { $who } 关闭
cli-dead-letters-candidates = {"    "}有 { $n } 条记录可能是改正后的记录：
cli-dead-letters-place-of-record = { $address }（培训记录 { $record }）
cli-dead-letters-closed = 已关闭 { $n } 条死信；{ $raw } 条原始记录计为已被取代
cli-dead-letters-record-replay = {"    "}已成为培训记录 { $record }（重放 { $replay }）

# decisions
cli-decisions-about = 对象
cli-decisions-at = 时间
cli-decisions-because = 理由
cli-decisions-by = 操作人
cli-decisions-claim = 声明
cli-decisions-decision = 决定
cli-decisions-decision-written = {"\u000A"}  决定 { $number } 已记录
cli-decisions-detail = 详情
cli-decisions-holds = 有效
cli-decisions-kind = 种类
cli-decisions-nobody-entries-change = {"  "}没有任何教师的学时认定会变化
cli-decisions-record = 记录
cli-decisions-state = 状态
cli-decisions-teacher = 教师
cli-decisions-undoes = 撤回 { $n }
cli-decisions-undone = 已被 { $n } 撤回

# demo
cli-demo-sandbox-cannot-start = 模拟平台无法启动：{ $e }
cli-demo-what-should-come-out = 预期结果：

# doctor
cli-doctor-back-up-lost-key-lost = { $path }（请备份：密钥丢失即数据丢失）
cli-doctor-cannot-used = { $which } 无法使用：{ $why }
cli-doctor-connectors = 连接器
cli-doctor-database = 数据库
cli-doctor-disabled = 已停用
cli-doctor-environment = 环境变量
cli-doctor-in = { $file } 中的 { $source }：{ $problem }
cli-doctor-key = 密钥
cli-doctor-key-file = 密钥文件
cli-doctor-looked-settings-file-says-where = 未检查：其位置由设置文件指定，而设置文件无法读取
cli-doctor-missing = 缺少的记录
cli-doctor-missing-open = 有 { $n } 条等待决定；见 `huiliu missing list`
cli-doctor-payloads = 无法解码的载荷
cli-doctor-payload = { $payload } { $source }：{ $name }：{ $reason }
cli-doctor-payloads-open = 有 { $count } 个无法解码，见 `huiliu payloads list`：{ $first }
cli-doctor-files = 文件
cli-doctor-files-read = 全部已读取
cli-doctor-files-waiting = 有 { $count } 个尚未读取：{ $names }；下次同步会再试，见 `huiliu files list`
cli-doctor-files-foreign = 有 { $count } 个不读取：{ $names }；原因见 `huiliu files list 来源 --state left-out`；请改名、在清单中增加模式，或将其移走
cli-doctor-none = 无
cli-doctor-orphans = 孤立行
cli-doctor-others-can-read-mode-chmod = 其他用户可以读取 { $path }（权限 { $mode }）；请执行 `chmod 600 { $path }`
cli-doctor-queue = 队列
cli-doctor-registered-change-huiliu-sources-set = { $source }（已登记；用 `huiliu sources set { $source }` 修改）：{ $problem }
cli-doctor-rules = 规则
cli-doctor-rules-differ = { $told }；设置中的这些文件与现行规则不同，不起作用：{ $names }；如要启用，请用 `huiliu rules register 文件`
cli-doctor-rules-none-yet = 尚无；第一个使用此数据库的进程会存入其设置中的规则
cli-doctor-schema = 数据库结构
cli-doctor-settings = 设置
cli-doctor-something-order-see-above = 存在问题，见上
cli-doctor-source = 来源
cli-doctor-sources = 来源
cli-doctor-waiting = { $where }（{ $waiting } 条等待中）
cli-doctor-books = 账目
cli-doctor-books-agree = 每个批次都与其他表相符
cli-doctor-books-differ = 有 { $count } 个批次与其他表不符：{ $first }；用 `huiliu balance` 查看全部，然后恢复此前的备份，或连同清单一起报告
cli-doctor-batch-differs = 第 { $run } 次同步、批次 { $batch }：{ $law }：应为 { $expected }，实为 { $found }
cli-doctor-dead-letters = 死信
cli-doctor-dead-letters-true = 每条死信的状态都与出现记录相符
cli-doctor-dead-letters-untrue = 有 { $count } 条死信的状态与出现记录不符：{ $ids }；用 `huiliu dead-letters show` 查看，然后恢复此前的备份，或报告此事
cli-doctor-entries = 学时认定
cli-doctor-entries-single = 每位教师的每条记录至多有一项现行学时认定
cli-doctor-entries-double = 有 { $count } 项现行学时认定在同一教师、同一记录下并非唯一：{ $ids }；请恢复此前的备份，或报告此事
cli-doctor-audit-log = 审计日志
cli-doctor-audit-log-broken = { $why }：有人手工改动了数据库；请与备份比较
cli-doctor-ledger = 学时台账（抽查）
cli-doctor-ledger-differs = { $told }：{ $first }；用 `huiliu verify` 查看全部，查明是谁改动了数据库，然后恢复此前的备份，或报告此事
cli-doctor-verified = 学时台账（工作进程）
cli-doctor-round-ended = 至 { $at } 已把所有教师核验一遍
cli-doctor-no-round = 尚未把所有教师核验一遍；运行中的工作进程会陆续完成
cli-doctor-verify-off = 已关闭（{ "verify_days" } 为 0）
cli-doctor-workers-found = { $round }；有 { $count } 处不同：{ $first }；用 `huiliu verify` 查看全部，查明是谁改动了数据库，然后恢复此前的备份，或报告此事

# health
cli-health-ago = 上次在 { $s } 秒前
cli-health-answer-within = { $s } 秒内没有应答
cli-health-cannot-listen-give-another-address = 无法在 { $address } 上监听：{ $e }；请用 health 或 HUILIU_HEALTH 指定其他地址，或留空不用
cli-health-database = 数据库
cli-health-health-address-set-give-worker = 没有设置健康检查地址；请为工作进程和此命令设置相同的 health 或 HUILIU_HEALTH，例如 127.0.0.1:9464
cli-health-known = 未知
cli-health-none-yet = 尚未巡检
cli-health-queue = 队列
cli-health-schema = 数据库结构
cli-health-sweep = 巡检
cli-health-worker-answers-running-same-health = { $address } 没有工作进程应答：{ $why }；请检查工作进程是否在运行，其 health 是否与此相同
cli-health-worker-ready-see-above = 工作进程未就绪，见上

# identity
cli-identity-candidates = 候选人
cli-identity-claim = 声明
cli-identity-contradicting = 姓名不符
cli-identity-decision = {"  "}决定 { $decision }：{ $kind } { $of }，由 { $actor } 作出，理由：{ $because }
cli-identity-definite = 确定
cli-identity-doubt = 疑点
cli-identity-name = 姓名
cli-identity-name-id-number-teacher-records = {"  "}姓名与该身份证号的教师不符：其记录不计给任何人
cli-identity-new = 未查
cli-identity-none = 无人对应
cli-identity-potential = 待定
cli-identity-record-until = {"  "}培训记录 { $record }：{ $source }，{ $address }：{ $course }，{ $hours } { $unit }，结束于 { $end }
cli-identity-records = 记录
cli-identity-roster = 名册姓名
cli-identity-score = 得分
cli-identity-state = 状态
cli-identity-teacher = 教师
cli-identity-teacher-2 = {"  "}属于教师 { $teacher }，依据 { $by }
cli-identity-teacher-3 = 教师 { $teacher }
cli-identity-teacher-4 = {"  "}教师 { $teacher } { $name } { $school }：{ $score }

# infer
cli-infer-column = 列
cli-infer-confidence = 把握
cli-infer-evidence = 依据
cli-infer-examples = 示例
cli-infer-field = 字段
cli-infer-guessed-huiliu-connectors-infer-from = 由 `huiliu connectors infer` 根据 { $name }（{ $n } 条记录）推断。每行后面注明有多大把握、有何依据。{"\u000A"}以 `# ?` 开头的行是问题，使用此连接器之前请先回答；关于记录键或必需字段的问题未答完，连接器不能登记。
cli-infer-hours = 学时的单位：{ $word }（把握 { $sure } %）
cli-infer-passed = 合格依据：{ $pass }
cli-infer-records-looked = { $name }：{ $where }；共查看 { $n } 条记录
cli-infer-same-record = 判断为同一条记录的依据：{ $key }
cli-infer-sample-kept = 样例（其中的人员已全部替换）：{ $where }
cli-infer-sample-looks-like-answer-interface = 样例像是接口的应答；要通过 HTTP 读取，请改用 kind = "http"，并在数据流中写明 request 以及：
cli-infer-sample-refused = 样例没有留存，因为无法替换其中的人员：{ $why }
cli-infer-text = ，
cli-infer-version = 版本依据：{ $version }
cli-infer-written = 已写入：{ $where }

# main
cli-main-huiliu-threads = 汇流：无法建立线程：{ $e }

# maintenance
cli-maintenance-each-source-goes-cursor-backup = 各来源从备份中的游标继续：备份之后收到的会重新读取，且只计一次
cli-maintenance-file-replaced-kept-delete-when = 被替换的文件保存为 { $kept }；不再需要时请删除
cli-maintenance-key-file-keep-copy-elsewhere = 备份中不含密钥文件 { $key }：请另行保存一份；没有它，备份无法读取
cli-maintenance-old-key-kept-backups-made = 旧密钥保存为 { $old }：此前的备份需要它；请与最后一份此前的备份一同删除
cli-maintenance-restored-from = 已用 { $backup } 恢复 { $database }
cli-maintenance-rotation-had-begun-before-finished = 先前没有完成的密钥轮换现已完成
cli-maintenance-schema-now-current = 数据库结构已升级
cli-maintenance-schema-was-current-already = 数据库结构已是最新
cli-maintenance-schema-was-older-now-current = 该数据库的结构较旧，已升级
cli-maintenance-values-sealed-anew-under-generation = 已用第 { $generation } 代密钥重新密封 { $values } 项数据；请将 { $path } 分发到每台主机，并备份

# matching
cli-matching-cluster = 同一人
cli-matching-column-values-say-nothing-can = { $file }，列 { $column }：有 { $values } 个值无法比较（首个在第 { $first_line } 行），没有参与比较
cli-matching-evidence = 依据
cli-matching-key-rows-met-blocks-up = 键 { $key }：{ $met } 行所在的组最多有 { $most_rows } 行，已用第二键缩小范围
cli-matching-left = 左
cli-matching-match-needs-config-file-which = match 需要用 --config 给出一个文件，说明各列的含义；参见 docs/matching.zh-CN.md
cli-matching-right = 右
cli-matching-rows-definite-potential-rows-nobody = { $rows_left } 行与 { $rows_right } 行：确定 { $definite }，待定 { $potential }，没有匹配到任何人的 { $none } 行；同一人 { $clusters } 组
cli-matching-score = 得分
cli-matching-text = ；
cli-matching-verdict = 结论

# open
cli-open-made-root-key-back-up = 已生成根密钥（请备份：密钥丢失即数据丢失）：

# planned
cli-planned-changed = { $what }：{ $before } → { $after }
cli-planned-contested = { $n } 个身份证号有两个姓名
cli-planned-entries = { $n } 条学时认定有变化
cli-planned-exempt = 因年龄计入的条数
cli-planned-hours-in-all = {"  "}涉及 { $n } 名教师，认定与暂认学时合计：{ $before } → { $after }
cli-planned-moved = 学校变动 { $n } 名
cli-planned-new-teacher = 新教师
cli-planned-new-teachers = 新教师 { $n } 名
cli-planned-on-roster = 入册 { $n } 名
cli-planned-other-birth-date = 出生日期变动 { $n } 名
cli-planned-other-sex = 性别变动 { $n } 名
cli-planned-parked-more = 要查看每一行，请用 `--all`
cli-planned-post = { $school }（{ $from } – { $to }）
cli-planned-records = { $source }：{ $n } 条原始记录：{ $outcomes }
cli-planned-renamed = 改名 { $n } 名
cli-planned-rows-waited-would-go = 此前等待的 { $n } 行随之录入
cli-planned-teacher = 教师 { $number }
cli-planned-who = { $name }，{ $id_number }，{ $who }
cli-planned-who-changes = { $who }：{ $change }
cli-planned-born = 出生日期
cli-planned-id-number-one-name-again = 此身份证号将恢复为只有一个姓名
cli-planned-id-number-two-names-then = 此身份证号将有两个姓名
cli-planned-name = 姓名
cli-planned-nothing-would-change-all-held = {"\u000A"}  不会有任何变化：这些内容此前均已接收，无需递交
cli-planned-roster-from-then = 自此入册
cli-planned-rows = 行数
cli-planned-schools = 学校
cli-planned-sex = 性别
cli-planned-would-delivered = 不会投递：{ $file } { $reason }
cli-planned-would-wait-reason = 将等待处理的行，按原因

# plans
cli-plans-as-many = { $n } 名教师学时不变、依据变化
cli-plans-counted = 认定
cli-plans-entries-change = 有变化的学时认定
cli-plans-gain = { $n } 名教师共增加 { $hours } 学时
cli-plans-id-number = 身份证号
cli-plans-lose = { $n } 名教师共减少 { $hours } 学时
cli-plans-more = 共 { $total } 条，显示 { $shown } 条；要查看全部，请用 `--all`
cli-plans-name = 姓名
cli-plans-new = 新
cli-plans-no-name = （姓名不详）
cli-plans-provisional = 暂认
cli-plans-separator = ；
cli-plans-teacher = 教师

# progress
cli-progress-delivering = 投递中
cli-progress-pages = { $n } 页
cli-progress-pending = 投递中：还有 { $records } 条原始记录
cli-progress-rate = { $n } 条/秒
cli-progress-read = 读取中：已读 { $n } 条
cli-progress-read-of = 读取中：已读 { $read } 条，共 { $n } 条
cli-progress-reading = 读取中
cli-progress-settling = 结算中

# receive
cli-receive-another-payload-was-handed-idempotency = 此幂等键已用于另一份原始载荷；请为每份原始载荷使用不同的键
cli-receive-body-did-come-within-send = { $s } 秒内未收到全部内容，或发送速度低于每秒 1,024 字节；请分批发送
cli-receive-body-broke-off = 内容尚未发送完，连接已中断；请用同一幂等键重发
cli-receive-body-more-than-bytes = 内容超过 { $MAX_BODY } 字节；请分批发送
cli-receive-cannot-listen-give-another-address = 无法在 { $address } 上监听：{ $e }；请用 --listen 指定其他地址
cli-receive-cannot-taken-just-now-send = 暂时无法接收；请用同一幂等键重发
cli-receive-connector-source-disabled-ask-whoever = 该来源的连接器已停用；请联系汇流的管理人员
cli-receive-no-room = 磁盘空间不足，无法接收；请稍后用同一幂等键重发，并告知汇流管理人员
cli-receive-payloads-taken-http-push-source = 原始载荷的接收地址：http://{ $address }/push/来源/数据流
cli-receive-source-busy = 该来源同时发送的原始载荷过多；请用同一幂等键重发
cli-receive-such-stream-there-send-push = 没有该数据流；现有 { $all }；请发送到 /push/来源/数据流

# stop
cli-stop-cut-off = 工作尚未完成即已停止：未完成的部分已撤回，下次重新处理

# refusals over HTTP
cli-problem-headers-too-large = 请求头过大；请减少或缩短标头字段
cli-problem-no-method = 此地址不接受这种请求方法；请用 { "POST" } 发送原始载荷
cli-problem-no-request = 收到的内容不是可以读取的 HTTP 请求
cli-problem-no-route = 此地址不接收任何内容；请把原始载荷发送到 /push/来源/数据流

# record
cli-record-what-manifest-does-map-was = 清单没有映射的内容，其中的文字已遮盖：交给他人之前请通读一遍；然后运行 `huiliu connectors test { $folder } --accept`
cli-record-wrote-names-id-numbers-other = 已写入 { $where }：{ $names } 个姓名、{ $id_numbers } 个身份证号、{ $others } 处其他号码和邮箱已换成虚构的

# records
cli-records-address = 出处
cli-records-class-hours = 学时
cli-records-course = 课程
cli-records-ended = 结束
cli-records-flagged = 待查
cli-records-two-contents = 内容不一
cli-records-missing = 最新的完整数据中没有
cli-records-withdrawn-missing = 最新的完整数据中没有，已撤回
cli-records-withdrawn = 已撤回
cli-records-disputed = 存疑
cli-records-given = 原始学时
cli-records-name = 姓名
cli-records-pass = 测评结果
cli-records-record = 记录
cli-records-source = 来源
cli-records-teacher = 教师

# reference
cli-reference-cannot-write-man-pages-give = 无法在 { $folder } 中写入手册页：{ $e }；请改用可以写入的文件夹
cli-reference-pages = { $folder } 中有 { $pages } 个手册页

# register
cli-register-at = 时间
cli-register-because = 理由
cli-register-by = 操作人
cli-register-connector-version-registered-already-same = 连接器 { $connector } 第 { $version } 版此前已登记，内容相同；未作改动
cli-register-connector-version-registered-use = 连接器 { $connector } 第 { $version } 版已登记并启用
cli-register-connector-version-use = 连接器 { $id }：现在使用第 { $to } 版
cli-register-connector-version-was-use-already = 连接器 { $id }：已在使用第 { $to } 版
cli-register-disabled = 已由 { $by } 停用：{ $because }
cli-register-from = 来自
cli-register-nothing-was-registered-sample-does = 没有登记：有样例的结果与预期不符，见上
cli-register-sources-read-again = 已恢复读取该连接器的来源
cli-register-sources-read-longer-what-was = 不再读取该连接器的来源；已接收的数据仍会投递
cli-register-use = 使用中
cli-register-use-huiliu-connectors-rollback-because = 该版本没有在使用；要使用，请运行 `huiliu connectors rollback { $connector } --to { $version } --because 理由`
cli-register-version = 版本
cli-register-was-disabled-already = 此前已停用
cli-register-was-enabled-already = 此前已启用

# render
cli-render-aside = { $text }（{ $aside }）
cli-render-comma = 、
cli-render-discarded = 已作废
cli-render-expected = 要求：
cli-render-inserted = 新增
cli-render-labelled = { $what }：{ $text }
cli-render-of-outcome = { $outcome } { $n } 条
cli-render-only-plan-nothing-was-changed = {"\u000A"}  以上仅为试算，未作任何改动；要执行，请去掉 `--plan` 再运行
cli-render-parked = 待处理
cli-render-part-of-total = 共 { $total } 条，显示 { $shown } 条；要看更多，请用 `--limit 条数`，接着看请用 `--after { $next }`
cli-render-pending = 未投递
cli-render-received = 收到
cli-render-skipped = 略过
cli-render-withdrawn = 撤回
cli-render-superseded = 过时
cli-render-there-none = 没有
cli-render-unchanged = 未变
cli-render-unread = 不可读
cli-render-unread-2 = 不可读 { $number }：{ $source }/{ $stream }  { $payload }：{ $reason }
cli-render-updated = 更新

# replay
cli-replay-close = { $n } 条死信得到解决
cli-replay-heading = 重放 { $id }：{ $state } · { $at } · { $by }
cli-replay-nothing-been-changed-yet-do = {"\u000A"}尚未改动任何数据；要执行，请运行 `huiliu replay apply { $id }`；要查看全部，请运行 `huiliu replay show { $id } --all`
cli-replay-records = { $n } 条原始记录：{ $outcomes }
cli-replay-records-more = 要查看 { $n } 条原始记录各自的结果，请用 `--all`
cli-replay-stay = { $n } 条死信仍待处理
cli-replay-applied-teachers-concerned-settled = {"\u000A"}已执行；相关教师的学时已重新计算
cli-replay-by = 计划人
cli-replay-change = 无变化
cli-replay-class-hours = 学时
cli-replay-dead-letter-planned-now = 死信 { $dead_letter }（{ $at }）：计划时为{ $planned }，现在为{ $now }
cli-replay-inserted = 新增
cli-replay-letters = 死信
cli-replay-manifest-rules-connector-others-now = 连接器 { $connector } 的清单或规则已有变化
cli-replay-nothing-would-change-every-record = {"\u000A"}不会有任何变化：全部记录仍待处理，无需执行
cli-replay-parked = 待处理
cli-replay-plan-was-finished = 该计划没有完成
cli-replay-planned = 计划时间
cli-replay-raw-records = 原始记录
cli-replay-replay = 重放
cli-replay-replay-longer-holds-things-moved = 重放计划 { $id } 已不成立：计划之后有 { $n } 处变化；未改动任何数据；请重新计划
cli-replay-skipped = 略过
cli-replay-withdrawn = 撤回
cli-replay-state = 状态
cli-replay-superseded = 过时
cli-replay-teacher-planned-class-hours-now = 教师 { $person }：计划时为 { $planned } 学时，现在为 { $now } 学时
cli-replay-teachers = 教师
cli-replay-unchanged = 未变
cli-replay-updated = 更新

# roster
cli-roster-address = 出处
cli-roster-born = {"  "}{ $sex }，出生于 { $birth }
cli-roster-count = {"  "}{ $words }：{ $n }
cli-roster-ended-next = 止于下一段任职
cli-roster-from = 起
cli-roster-heading = 教师 { $teacher }：{ $name }  { $origin }
cli-roster-id-number-two-names-rows = {"  "}同一版本的名册中，此身份证号有两个姓名
cli-roster-id-numbers-two-names-one = 同一版本中有两个姓名的身份证号
cli-roster-kind = 类别
cli-roster-memberships-overlap = 时间重叠的任职
cli-roster-name = 名称
cli-roster-overlaps = 时间重叠
cli-roster-region = 区划
cli-roster-reports = {"  "}{ $on } 的上报关系：{ $chain }
cli-roster-reports-2 = 逐级上报
cli-roster-reports-3 = 上级
cli-roster-roster-without-school = 在册而没有所在学校
cli-roster-rows = 行数
cli-roster-rows-wait-school-person = 等待学校或人员录入的行
cli-roster-school = 学校
cli-roster-schools = 学校
cli-roster-source = 来源
cli-roster-successor = 承继
cli-roster-teachers = 教师
cli-roster-teachers-known-from-records-only = 仅见于培训记录的教师
cli-roster-teachers-roster = 在册教师
cli-roster-tier = 层级
cli-roster-to = 止
cli-roster-until = 至
cli-roster-waiting-reason = 待处理，按原因
cli-roster-years-old-assessed = {"  "}截至 { $as_of }，{ $age } 周岁：列入测评
cli-roster-years-old-outside-assessment = {"  "}截至 { $as_of }，{ $age } 周岁：不列入测评

# rules
cli-rules-activated = 规则已启用（第 { NUMBER($activation, useGrouping: "false") } 次启用）
cli-rules-activation-in-force = 现行：第 { NUMBER($activation, useGrouping: "false") } 次启用
cli-rules-in-force = 现行
cli-rules-in-force-already = 无需更改：这些规则已是现行规则
cli-rules-jurisdiction = 适用地区
cli-rules-name = 名称
cli-rules-name-version = { $given }：应为名称和版本，例如 `jilin-2014 3`
cli-rules-nothing-would-change-both-give = 不会有任何变化：全部 { $teachers } 名教师按两套规则得到的结果相同
cli-rules-pack = 规则包
cli-rules-packs-rules-courses-nothing-wrong = { $packs } 个规则包，{ $rules } 条规则，{ $courses } 门课程：没有问题
cli-rules-planned-on = 按第 { NUMBER($activation, useGrouping: "false") } 次启用的规则计划
cli-rules-stored = 已登记，未启用；如要启用，请用 `huiliu rules activate`
cli-rules-teachers-would-other-hours-same = {"\u000A"}  { $teachers } 名教师中，{ $hours_change } 名学时会变化，{ $reasons_change } 名学时不变、依据变化；认定与暂认学时合计：{ $was } → { $is }
cli-rules-title = 名称
cli-rules-version-changes = { $name }：版本 { $before } → { $after }
cli-rules-what-ends = 适用的培训结束日期

# runs
cli-runs-all-runs = 全部同步
cli-runs-balanced = 账目平衡
cli-runs-balanced-2 = 账目不平
cli-runs-books-balanced = 账目不平：并非每条原始记录都有且只有一个结果
cli-runs-payload = 原始载荷
cli-runs-batch = 批次
cli-runs-law = 规律
cli-runs-expected = 应为
cli-runs-found = 实为
cli-runs-differing-batches = 有 { $n } 个批次与其他表不符：
cli-runs-law-outcomes = 各结果之和等于收到的记录数
cli-runs-law-written = 写入的行即新增、更新或重新排序的记录
cli-runs-law-held = 写入的行减去被接替的行，都存在
cli-runs-law-parked = 待处理的记录有待处理的死信
cli-runs-law-discarded = 作废的记录有已作废的死信
cli-runs-law-superseded = 过时的死信计入过时
cli-runs-law-skipped = 跳过的记录有原因
cli-runs-law-withdrawn = 存有的撤回均已计数
cli-runs-complete = 已全部处理
cli-runs-complete-2 = 尚未全部处理
cli-runs-ended = 结束
cli-runs-failure = 问题
cli-runs-full = 全量
cli-runs-new-field = 新字段：{ $field }
cli-runs-run = 同步
cli-runs-source = 来源
cli-runs-started = 开始
cli-runs-state = 状态
cli-runs-teachers-due = 名教师待结算
cli-runs-text = ；

# schedules
cli-schedules-ended = 结束
cli-schedules-failure = 失败原因
cli-schedules-failures = 连续失败次数
cli-schedules-last-run = 上次同步
cli-schedules-last-success = 上次成功
cli-schedules-never = 从未
cli-schedules-never-itself = 不自动同步
cli-schedules-next = 下次同步
cli-schedules-too-long = { $holder }（至 { $until }：当时时钟偏快，见 `huiliu sources release`）
cli-schedules-read = 正在同步的进程
cli-schedules-schedule = 定时
cli-schedules-source = 来源
cli-schedules-state = 状态

# secrets
cli-secrets-by = 操作人
cli-secrets-cannot-take-secret-from-standard = 无法从标准输入取得机密：{ $why }；请照此给出：`huiliu secrets set 来源 password < 文件`
cli-secrets-empty = 内容为空
cli-secrets-key = 第几代密钥
cli-secrets-longer-than-bytes = 超过 { $MAX_SECRET } 字节
cli-secrets-removed = 已移除
cli-secrets-sealed-shown-again = 已密封；不再显示
cli-secrets-secret = 名称
cli-secrets-set = 设置时间
cli-secrets-source = 来源

# sources
cli-sources-connector = 连接器
cli-sources-from = 来自
cli-sources-institution = 机构
cli-sources-never-itself = 不自动同步
cli-sources-place = 位置
cli-sources-registered = 已登记
cli-sources-registered-settings-file-used = 已登记；以设置文件为准
cli-sources-registered-workers-take-up-within = 已登记；数秒内各工作进程即开始读取
cli-sources-released = 已释放，可以重新读取；其中 { NUMBER($batches, useGrouping: "false") } 个批次重新待投递
cli-sources-removed-what-received-stays = 已移除；已接收的数据保留
cli-sources-schedule = 定时
cli-sources-secrets = 机密
cli-sources-settings-file = 设置文件
cli-sources-source = 来源
cli-sources-source-stands-settings-file-too = 设置文件中也有来源 { $name }：以设置文件为准

# sync
cli-sync-balanced = 账目平衡
cli-sync-balanced-2 = 账目不平
cli-sync-books-balanced-fault-huiliu-please = 账目不平：并非每条原始记录都有且只有一个结果。这是汇流自身的错误，请报告，并附上 `huiliu runs list --json` 的输出
cli-sync-complete = 已全部处理
cli-sync-complete-2 = 尚未全部处理
cli-sync-expected-what-came-kept = 与预期不符（收到的已保留）：{ $value }
cli-sync-open-payloads = 此前收到的 { $n } 个载荷无法解码；见 `huiliu payloads list`，请修正清单后执行 `huiliu payloads retry`，或索取新的文件，或用 `huiliu payloads dismiss` 作废
cli-sync-failed = 失败：
cli-sync-raw-records-delivered-they-tried = 有 { $n } 条原始记录尚未投递：稍后会重试，或须由人处理；请看 `huiliu batches list`
cli-sync-read = 来源 { $source } 没有读取：{ $error }
cli-sync-source = 来源
cli-sync-source-run-failed-what-came = 来源 { $source }：同步失败，此前收到的已保留：{ $failure }
cli-sync-stopped = 已停止：
cli-sync-stopped-what-was-received-kept = 已停止；已收到的保留，其中 { $undelivered } 条原始记录尚未投递
cli-sync-teachers-due = 名教师待结算
cli-sync-text = ；
cli-sync-total = 合计

# teachers
cli-teachers-above-cap-nothing-counts = 超出上限，不计
cli-teachers-absent-too-much-counted = 缺勤过多，不计
cli-teachers-asked = {" "}· 应修 { $required }，{ $enough }
cli-teachers-cannot-read-id-number-from = 无法从标准输入读取身份证号：{ $e }
cli-teachers-certificate-revoked-counted = 证书已撤销，不计
cli-teachers-disputed = 存疑，不计
cli-teachers-withdrawn = 已由来源撤回，不计
cli-teachers-missing-withdrawn = 因缺少而撤回，不计
cli-teachers-missing = 未见于{ $whole }：{ $state }
cli-teachers-withdrawn-by = 来源已撤回：{ $because } · { $address }
cli-teachers-disputed-by-row = 存疑：之后有一行关于它而被略过：{ $because } · { $address }
cli-teachers-disputed-by-letter = 存疑：它的更新版本无法使用，见死信 { $letter } · { $address }
cli-teachers-class-hours = 学时
cli-teachers-conversion = {"    "}换算：{ $basis }：{ $source }
cli-teachers-counted = 认定
cli-teachers-counted-2 = 不计
cli-teachers-counted-provisional = {"  "}{ $cycle }：认定 { $counted }，暂认 { $provisional }
cli-teachers-counts-region = 计入区划：
cli-teachers-counts-year-after = 其中结转到下一年度
cli-teachers-cut = 按上限扣减
cli-teachers-cut-by = {"    "}{ $what } { $hours }：{ $rule }（{ $basis }）：{ $source }
cli-teachers-cycle = 周期
cli-teachers-cycle-2 = 不在任何周期
cli-teachers-decision = {"    "}决定 { $decision }（{ $actor }，{ $day }）：{ $because }
cli-teachers-duplicate-counted = 重复，不计
cli-teachers-enough = 已达到
cli-teachers-explained = 教师 { $teacher }：认定 { $counted } 学时 + 暂认 { $provisional } 学时
cli-teachers-exported-left-over = {" "}· 导出为 { $rounded }，余 { $sign }{ $residue }
cli-teachers-give-teacher-number-id-number = 请给出教师编号，或用 `-` 并从标准输入给出身份证号
cli-teachers-hours-those-record = 学时取自下列记录：
cli-teachers-met = 已达到
cli-teachers-met-2 = 未达到
cli-teachers-name-contradicts-id-number-counted = 姓名与身份证号不符，不计
cli-teachers-passed-counted = 未合格，不计
cli-teachers-provisional = 暂认
cli-teachers-received = 原文：
cli-teachers-record-payload-batch-manifest-version = {"    "}记录 { $record }，原始载荷 { $payload }，批次 { $batch }，清单版本 { $manifest }，身份依据 { $by }
cli-teachers-rests-rules = 所依规则的性质：
cli-teachers-rule = {"    "}依据：{ $rule }（{ $basis }）：{ $source }
cli-teachers-place-not-kept = 出处未留存
cli-teachers-flagged = 本条记录的同一版本还报来另一种内容：{ $places }；已取最后收到的，应向平台核实以哪一种为准
cli-teachers-sent-again = {"    "}与记录 { $record } 为同一次培训：同一平台、同一课程、同样的日期，仅记录编号不同；课程对照表中没有该课程
cli-teachers-same-course-record = 与下列记录为同一课程：
cli-teachers-standard-input = 标准输入：{ $e }
cli-teachers-teachers = 教师
cli-teachers-today-manifest-does-find-any = 按当前清单已找不到此记录

# upload
cli-upload-files-cannot-read-their-end = 文件无法读完，以上试算只包括此前读到的部分：{ $why }
cli-upload-what-was-handed-until-then = 此前已递交的部分保留；请重新递交这些文件，不会重复计入

# words
cli-words-built = 内置
cli-words-registered = 已登记

# words-guesses
cli-words-guesses-calendar-days = { $path } 中的学时写成日历天（如 `P2D`），并不是培训时长：每一天都算一天培训吗？不是的话，请对方提供学时数
cli-words-guesses-groups = 一行中有几项培训：{ $groups }。每项各是一条记录，有自己的 `course_code` 和 `hours`，因此都还没有读取：请对方提供每行一项培训的表格，或为每组各写一个 `[[stream]]`，并用行规则略过该组为空的行
cli-words-guesses-groups-named-alike = 一行中有几项培训，而且列名相同：{ $groups }。每项各是一条记录，有自己的 `course_code` 和 `hours`，因此都没有读取：请对方提供每行一项培训的表格，或让每列各有自己的名称
cli-words-guesses-no-year = { $path } 的名称像 `period_end`，但其中的日期没有年份：{ $odd }；请对方提供完整日期
cli-words-guesses-several-units = { $path } 中的学时有几种单位，不能都用同一个单位：自带单位的按其单位读取，但下列各值是什么单位：{ $odd }？
cli-words-guesses-1-2-3 = 连续编号
cli-words-guesses-answered = { $question } 可写：{ $lines }
cli-words-guesses-birth-dates-id-numbers = 与身份证号中的出生日期一致
cli-words-guesses-but-could-meant-too = 但也可能是 { $path }
cli-words-guesses-class-hours = 学时
cli-words-guesses-clock-hours = 小时
cli-words-guesses-codes = 均为代码
cli-words-guesses-credits = 学分
cli-words-guesses-dates = 均为日期
cli-words-guesses-day-file-name = 文件名中的日期
cli-words-guesses-days = 天
cli-words-guesses-each-stands-once = 没有重复
cli-words-guesses-empty = { $percent } % 为空
cli-words-guesses-first-days-after-last-days = 开始日期晚于结束日期
cli-words-guesses-first-days-before-last-days = 开始日期均早于结束日期
cli-words-guesses-first-last-day-one-cell = 起止日期在同一格
cli-words-guesses-first-last-day-one-cell-2 = { $path } 的起止日期写在同一格；如何拆开？
cli-words-guesses-given-name-stands = 不含姓的名在 { $path } 列
cli-words-guesses-goes-code-title-one-one = 与课程编号或名称一一对应
cli-words-guesses-half-days = 半天
cli-words-guesses-header-row = { $format }，编码 { $encoding }，表头在第 { $row } 行
cli-words-guesses-hours-minutes-seconds = 时:分:秒
cli-words-guesses-html-table = 网页表格
cli-words-guesses-id-numbers-masked-rounded-wrong = { $path } 中的身份证号被遮盖、被电子表格舍入或有误；请索取以文本保存的完整号码
cli-words-guesses-in = { $format }，{ $root } 中的 { $item }
cli-words-guesses-is-the = { $path } 是 { $field } 吗？（把握 { $confidence } %）
cli-words-guesses-layers = { $path } 之下还有第三行表头：指的是其中哪一列？请把表头改为至多两行
cli-words-guesses-list = { $format }，列表位于 { $items }
cli-words-guesses-list-itself = { $format }，内容本身就是列表
cli-words-guesses-minutes = 分钟
cli-words-guesses-months-without-day = 只有年月
cli-words-guesses-name = 列名含“{ $word }”
cli-words-guesses-named = 列名为“{ $word }”
cli-words-guesses-names-day-month-ask-whole = { $path } 只有年月；请索取完整日期
cli-words-guesses-names-people = 形如人名
cli-words-guesses-nothing-sample = 样例中没有说明
cli-words-guesses-nothing-says-whether-teacher-passed = 没有哪一列说明是否合格：是该培训不测评，还是结果在别处？
cli-words-guesses-nothing-surely-says-whether-teacher = 没有哪一列能确定说明是否合格：是 { $columns } 中的一列，还是该培训不测评？
cli-words-guesses-numbers = 均为数值
cli-words-guesses-numbers-from = 数值 { $low } 至 { $high }
cli-words-guesses-numbers-their-unit = 数值带单位
cli-words-guesses-odd = { $path } 的列名是 { $field }，但有些内容无法识别：{ $odd }
cli-words-guesses-one-name-per-id-number = 与身份证号一一对应
cli-words-guesses-only-record = 只有 { $records } 条记录
cli-words-guesses-only-such-column = 仅此一列
cli-words-guesses-out-points = 满分 { $full }
cli-words-guesses-out-points-scaled-if-were = { $path } 的满分是 { $full } 吗？现按此折算为百分制
cli-words-guesses-out-points-which-cannot-told = { $path } 的满分是 { $full }，并非每个分数都能精确折算为百分制，不能折算的会进入死信。请指明分制，或索取测评结果、百分制成绩
cli-words-guesses-phone-numbers = 均为电话号码
cli-words-guesses-pinyin-initials = “{ $word }”的拼音首字母
cli-words-guesses-read-from = { $field } 取自 { $path }；还是应取 { $other }？
cli-words-guesses-right-check-digit = { $percent } % 校验码正确
cli-words-guesses-school-codes = 均为学校标识码
cli-words-guesses-seconds = 秒
cli-words-guesses-sheets-header-row = { $format }，工作表 { $sheets }，表头在第 { $row } 行
cli-words-guesses-sheets-left = 工作表 { $names } 中也有表格，此清单不会读取：请统一工作表的名称并写明 `sheets`，或为每个工作表各写一个数据流
cli-words-guesses-there-code-so-title-serves = 没有课程编号，以课程名称代替
cli-words-guesses-three-component-scores = 三项成绩
cli-words-guesses-titles-come-again = 会重复出现的名称
cli-words-guesses-total-score = 总成绩 { $path }
cli-words-guesses-two-columns-named-give-one = 有两列都名为 { $path }；请给其中一列改名
cli-words-guesses-unread = { $path } 没有读取；内容保留在原始记录中
cli-words-guesses-unread-identifying = { $path } 没有读取；写明 `known_by = "any"` 后可映射为 { $field }
cli-words-guesses-what-landed-last-counts = 以最后收到的为准
cli-words-guesses-which-column-none-surely = 哪一列是 { $field }？没有哪一列可以确定
cli-words-guesses-which-unit-minute-class-hour = { $path } 的单位是 minute（分钟）、class_hour（学时）、hour（小时）、day（天）还是 credit（学分）？
cli-words-guesses-unit-note = 样例中写着“{ $note }”，可能与从 { $path } 读取学时的方式不符：学时的单位是什么？
cli-words-guesses-other-hours = 没有一列肯定是每次培训的学时：{ $columns } 可能是每周、每次、应修、剩余或累计的数量。哪一列是学时（`hours`）？
cli-words-guesses-product = 学时很可能是乘积 { $columns }，清单中没有一行能计算它：请对方提供每次培训的学时一列
cli-words-guesses-pass-mark = 样例中写着“{ $note }”，而规则按 `score_total` 满 60 分判定合格：对这项培训是否适用？
cli-words-guesses-scales = { $path } 中的分数似乎有两种分制：有的最高 { $low }，有的最高 { $high }。规则按 `score_total` 判定是否合格：这些分数都是百分制吗？如果不是，请对方改为同一种分制
cli-words-guesses-adjusted = `hours` 取自 { $path }，而 { $other } 可能改变学时（{ $seen }）：是否已经计入？如果没有，请对方给出应计的学时
cli-words-guesses-legend = 样例中写着“{ $note }”，即 { $path } 的代码决定结果（`result`）：是否按此读取？
cli-words-guesses-blank = `{ $field }` 取自 { $path }，而名称更相符的 { $other } 没有值；如果其中是公式，请用电子表格软件打开、计算并保存后再推断
cli-words-guesses-shared-code = `course_code` 取自 { $path }，但其中一个编号对应 { $title } 中的多个名称，可能是项目编号，两门课程会只计一门。它是课程自己的编号吗？
cli-words-guesses-shared-key = 样例中有几条记录的 `record_key`（{ $key }）相同，只会计最后一条：哪一列能区分它们？{ $columns }
cli-words-guesses-sum = 学时很可能是总和 { $columns }，清单中没有一行能计算它：请对方提供每次培训的学时一列
cli-words-guesses-withdrawn = { $path } 中有 { $words }：这些记录如果不计，其学时（`hours`）应排除
cli-words-guesses-lists = 人员的记录（各有 `id_number` 和 `hours`）在 { $lists } 中；只读取其中第一个：请为每个应计入的列表各写一个 `[[stream]]`
cli-words-guesses-words-field = 均为该字段常见的词
cli-words-guesses-words-result = 均为表示测评结果的词
cli-words-guesses-workbook = 工作簿
cli-words-guesses-written-hours-minutes-seconds-ask = { $path } 写作“时:分:秒”；请索取数值

# words-matching
cli-words-matching-address = 地址
cli-words-matching-another-candidate-very-name = 另有候选人姓名完全相同
cli-words-matching-another-order = 次序颠倒
cli-words-matching-birth-date = 出生日期
cli-words-matching-close = 接近
cli-words-matching-definite = 确定
cli-words-matching-differs = 不同
cli-words-matching-differs-damaged = 不同，且有损坏
cli-words-matching-differs-same-area-birth-date = 不同，但区划和出生日期相同
cli-words-matching-equal = 相同
cli-words-matching-equal-valid-number = 相同，但不是有效号码
cli-words-matching-family-name = 姓
cli-words-matching-family-name-only = 仅姓相同
cli-words-matching-former-name = 曾用名
cli-words-matching-former-name-2 = 与曾用名相同
cli-words-matching-given-name = 名
cli-words-matching-id-number = 身份证号
cli-words-matching-initial = 仅首字母
cli-words-matching-last-digits-lost-spreadsheet = 末几位被电子表格清零
cli-words-matching-look-alike = 形近
cli-words-matching-masked-3-4-agree = 有遮盖，所示前 3 位和后 4 位相符
cli-words-matching-masked-4-4-agree = 有遮盖，所示前 4 位和后 4 位相符
cli-words-matching-masked-6-4-agree = 有遮盖，所示前 6 位和后 4 位相符
cli-words-matching-masked-what-shown-agrees = 有遮盖，所示部分相符
cli-words-matching-name = 姓名
cli-words-matching-nearly-same-sound = 近音
cli-words-matching-none = 无
cli-words-matching-one-character-apart = 差一字
cli-words-matching-one-digit-apart = 相差一位
cli-words-matching-one-two-characters = 两字姓名差一字
cli-words-matching-part-other = 一个是另一个的一部分
cli-words-matching-phone = 电话
cli-words-matching-postcode = 邮编
cli-words-matching-potential = 待定
cli-words-matching-prior = 起始分
cli-words-matching-region = 区划
cli-words-matching-same-name = 名称相同
cli-words-matching-same-region-only = 仅区划相同
cli-words-matching-same-sound = 同音
cli-words-matching-same-sound-but-tone = 同音不同调
cli-words-matching-same-sound-shape = 同音或形近
cli-words-matching-same-year-only = 仅年份相同
cli-words-matching-school = 学校
cli-words-matching-school-code = 学校标识码
cli-words-matching-sex = 性别
cli-words-matching-somewhat-alike = 有些相近
cli-words-matching-teacher-number = 教师编号
cli-words-matching-text = 文本
cli-words-matching-too-many-share-what-known = 符合已知信息的人太多
cli-words-matching-two-candidates-too-near-each = 两名候选人得分过于接近
cli-words-matching-two-digits-apart = 相差两位
cli-words-matching-two-digits-exchanged = 两位颠倒
cli-words-matching-variant-characters = 仅繁简或异体之别

# words-reasons
cli-words-reasons-adopted = 参照外地
cli-words-reasons-adult-higher-education = 成人高校
cli-words-reasons-adult-junior-middle-school = 成人初中
cli-words-reasons-adult-primary-school = 成人小学
cli-words-reasons-adult-senior-middle-school = 成人高中
cli-words-reasons-applied = 已执行
cli-words-reasons-assessed = 未测评
cli-words-reasons-assumed = 推定
cli-words-reasons-claimed = 投递中
cli-words-reasons-class-hours = 学时
cli-words-reasons-closed = 已解决
cli-words-reasons-connectors = 连接器
cli-words-reasons-correctional-school = 工读学校
cli-words-reasons-county = 县区
cli-words-reasons-credits = 学分
cli-words-reasons-database = 数据库
cli-words-reasons-days = 天
cli-words-reasons-definite = 确定
cli-words-reasons-discarded = 已作废
cli-words-reasons-done = 完成
cli-words-reasons-due = 待投递
cli-words-reasons-excellent = 优秀
cli-words-reasons-fail = 不合格
cli-words-reasons-failed = 失败
cli-words-reasons-failed-2 = 不合格
cli-words-reasons-female = 女
cli-words-reasons-gone = 已不是待处理状态
cli-words-reasons-half-days = 个半天
cli-words-reasons-higher-education = 高校
cli-words-reasons-hours = 小时
cli-words-reasons-id-number = 身份证号
cli-words-reasons-id-number-name = 身份证号与姓名
cli-words-reasons-inserted = 新增
cli-words-reasons-junior-middle-school = 初中
cli-words-reasons-key = 密钥
cli-words-reasons-key-file = 密钥文件
cli-words-reasons-kindergarten = 幼儿园
cli-words-reasons-male = 男
cli-words-reasons-minutes = 分钟
cli-words-reasons-new = 未查
cli-words-reasons-none = 无人对应
cli-words-reasons-open = 待处理
cli-words-reasons-orphans = 孤立行
cli-words-reasons-other = 其他
cli-words-reasons-parked = 待处理
cli-words-reasons-pass = 合格
cli-words-reasons-passed = 合格
cli-words-reasons-pending = 尚未决定
cli-words-reasons-planned = 已计划
cli-words-reasons-planning = 计划中
cli-words-reasons-potential = 待定
cli-words-reasons-prefecture = 市州
cli-words-reasons-primary-school = 小学
cli-words-reasons-province = 省
cli-words-reasons-provisional = 未入册
cli-words-reasons-quarantined = 已隔离
cli-words-reasons-queue = 队列
cli-words-reasons-reports-province = 直报省
cli-words-reasons-roster = 在册
cli-words-reasons-running = 进行中
cli-words-reasons-schema = 数据库结构
cli-words-reasons-secondary-vocational-school = 中职
cli-words-reasons-senior-middle-school = 普通高中
cli-words-reasons-settings = 设置
cli-words-reasons-special-school = 特教学校
cli-words-reasons-stale = 已失效
cli-words-reasons-stated = 文件明文
cli-words-reasons-stopped = 已停止
cli-words-reasons-superseded = 过时
cli-words-reasons-sweep = 巡检
cli-words-reasons-teacher-number-name = 教师编号与姓名
cli-words-reasons-unchanged = 未变
cli-words-reasons-updated = 更新
cli-words-reasons-vocational-junior-middle-school = 职业初中

# worker
cli-worker-worker-started-stop-ctrl-c = 工作进程已启动；用 Ctrl-C 或 SIGTERM 停止

# help
cli-help-allowed = （可选：{ $values }）
cli-help-arguments = 参数
cli-help-command-help = 显示某条命令的帮助
cli-help-commands = 命令
cli-help-default = （默认 { $value }）
cli-help-example = 示例：
cli-help-flag = 显示帮助
cli-help-options = 选项
cli-help-usage-command = <命令>
cli-help-usage-options = {"[选项]"}
cli-help-usage = 用法：
cli-help-variable = （环境变量 { $variable }）
cli-help-version = 显示版本

# mistakes of a command line
cli-mistake-conflict = { $argument } 不能与 { $other } 一起使用
cli-mistake-help = 详情请用 --help
cli-mistake-missing-argument = 缺少 { $argument }
cli-mistake-missing-command = 缺少命令；可用：{ $commands }
cli-mistake-no-value = { $argument } 须带值
cli-mistake-other = 命令行有误：{ $why }
cli-mistake-told = 汇流：{ $lines }
cli-mistake-unknown-argument = 没有选项 { $argument }
cli-mistake-unknown-argument-suggested = 没有选项 { $argument }；是不是 { $suggested }？
cli-mistake-unknown-command = 没有命令 { $command }
cli-mistake-unknown-command-suggested = 没有命令 { $command }；是不是 { $suggested }？
cli-mistake-value = { $argument } 不能为 { $value }：{ $why }
cli-mistake-value-not-allowed = { $argument } 不能为 { $value }；可用：{ $allowed }
cli-mistake-actor = 名称应为 1 至 { $most } 个字符
cli-mistake-day = 日期应写作 YYYY-MM-DD
cli-mistake-not-a-number = 应为整数
cli-mistake-out-of-range = 应为 { $from } 至 { $to } 之间的数
cli-mistake-why = 请说明理由
cli-mistake-setting = 应写作 KEY=VALUE
cli-words-file-name = 文件名
cli-words-field = { $title }（{ $given }）
cli-words-task-crashed = 一项任务因程序错误中断
cli-words-task-cancelled = 一项任务被取消
cli-words-rule-pass-gate = 合格后计学时
cli-words-rule-not-assessed = 未经测评的记录
cli-words-rule-duplicate = 同一课程只计一次
cli-words-rule-identity = 姓名与身份证号
cli-words-rule-comprehensive = 综合评定
cli-words-rule-revocation = 撤销证书
cli-words-rule-attendance = 出勤
cli-words-rule-minimum = 单条记录的最少学时
cli-words-rule-exempt = 按年龄免测
cli-words-rule-carry-over = 结转到下一年
cli-teachers-arithmetic = { $amount } { $unit } × { $units } / { $whole } = { $hours } 学时
cli-words-reasons-records-without-claim = 没有声明的培训记录
cli-words-reasons-records-without-batch = 没有批次的培训记录
cli-words-reasons-roster-rows-without-batch = 没有批次的名册行
cli-words-reasons-sightings-without-batch = 没有批次的出现记录
cli-words-reasons-claims-without-teacher = 没有教师的声明
cli-words-reasons-records-without-offering = 没有开课信息的培训记录
cli-words-reasons-entries-without-record = 没有培训记录的学时认定
cli-words-reasons-sightings-without-dead-letter = 没有对应死信的出现记录
cli-words-schema-current = 最新
cli-words-schema-empty = 尚未建立；请运行 `huiliu migrate`
cli-words-schema-unknown = 此版本的汇流不认识
cli-words-schema-behind = 共需升级 { $known } 步，只完成了 { $applied } 步；请运行 `huiliu migrate`

# log
cli-log-not-delivered = 未投递，下次巡检会重新通知此批次：{ $e }
cli-log-quarantined = 已隔离：{ $why }
cli-log-not-quarantined = 尚未能隔离：{ $e }
cli-log-suspect-ended = 单独处理可疑批次的进程以“{ $status }”结束；稍后重试
cli-log-suspect-not-started = 无法为可疑批次启动进程：{ $e }
cli-log-not-postponed = 未能推迟：{ $e }
cli-log-sweep-failed = 巡检失败，正在重试：{ $e }
cli-log-registry-unread = 无法读取登记的连接器和来源，正在重试：{ $e }
cli-log-batches-unread = 无法列出等待的批次，正在重试：{ $e }
cli-log-delivery-crashed = 一次投递中途中断，租约到期后由其他工作进程接手：{ $e }
cli-log-not-accepted = 未接收任何内容：{ $why }
cli-log-database-silent = 数据库没有应答，正在重试：{ $e }
cli-log-all-done = 工作已全部完成；停止
cli-log-stopping = 收到停止请求；正在完成手头的工作
cli-log-batches-returned = 已退回未完成的批次
cli-log-claims-kept = 占用的批次未能退回；租约到期后即释放：{ $e }
cli-log-claims-kept-late = 占用的批次未能及时退回；租约到期后即释放
cli-log-source-unread = 无法读取该来源：{ $e }
cli-log-source-unread-again = 无法读取该来源，正在重试：{ $e }
cli-log-connector-disabled = 未读取：其连接器已停用
cli-log-schedules-unread = 无法读取各来源的定时，正在重试：{ $e }
cli-log-no-lease = 未取得来源的租约，正在重试：{ $e }
cli-log-sync-failed = 同步失败，正在重试：{ $e }
cli-log-sync-ended = 同步结束
cli-log-sync-broke-off = 同步中断，正在重试：{ $e }
cli-log-passes-not-judged = 未能核对同步结果，正在重试：{ $e }
cli-log-not-settled = 未能结算，正在重试：{ $e }
cli-log-not-verified = 未能核验学时台账，正在重试：{ $e }
cli-words-reasons-skipped = 已跳过
cli-words-reasons-withdrawn = 已撤回
cli-words-reasons-seconds = 秒
cli-mistake-surplus-argument = 这里不需要参数 { $argument }
cli-mistake-not-an-address = 应为地址，如 127.0.0.1:8080
cli-words-rule-name = { $words }（{ $name }）
cli-words-rule-weights = 成绩权重
cli-words-rule-bands = 等级分数线
cli-words-rule-rounding = 导出取整
cli-words-rule-requirement = 应修学时
cli-words-rule-credit = 学分折算
cli-words-rule-conversion = 学时换算
cli-words-rule-cap = 学时上限
cli-words-rule-setting = 文件未定之处的选择
cli-words-by-decision = 决定 { $number }
cli-decisions-decision-undone = {"\u000A"}  已撤销决定 { $number }
cli-log-too-many-payloads = 正在接收其他载荷
cli-decisions-only-itself = {"\u000A"}  以上仅为试算，未作任何改动；执行后只会记录该决定本身

# 核验
cli-verify-teachers = 核验 { $n } 位教师
cli-verify-entries = 比较 { $n } 项学时认定
cli-verify-waiting = { $n } 位教师待结算
cli-verify-differing = { $n ->
    [0] 没有不同
   *[other] { $n } 处不同
}
cli-verify-difference = 教师 { $teacher }、记录 { $record } 的 { $field }：存为 { $stored }，推算为 { $derived }
cli-verify-ledger-differs = 所存的学时台账与按规则、决定和记录推算的结果不同；请查明是谁改动了数据库，然后恢复此前的备份，或连同清单一起报告
cli-verify-first-of = 以上为 { $all } 处不同中的前 { $shown } 处
cli-verify-no-value = 无
cli-verify-teacher = 教师
cli-verify-record = 记录
cli-verify-field = 字段
cli-verify-stored = 存为
cli-verify-derived = 推算为
cli-progress-verifying = 正在核验
cli-progress-verified = 已核验 { $n } 位教师
cli-infer-one-key = 按答案前的数字作答；按其他键则暂不回答
cli-record-rewritten = 这种工作簿格式无法改写，样例已存为单元格内容相同的 .xlsx；清单没有用到的工作表不在其中
