# 为何一页不能成为样例。
anonymize-broken = { $address } 无法读取（“{ $why }”），无法替换其中的人员；请去掉这一条
anonymize-workbook = 无法改写这个工作簿：其中有 .xlsx 无法表示的单元格，或者它在压缩包内；请用表格软件打开，另存为 .xlsx
anonymize-random = 系统没有给出随机数：“{ $why }”
anonymize-encoding = 替换后的内容无法按 { $encoding } 编码保存；请先把样例另存为 UTF-8
anonymize-left = { $address } 中仍有原来的姓名或身份证号，因为它被拆成几段书写；请连写，或去掉这一条
anonymize-differs = 替换后读出的结果不同（{ $difference }）；该姓名可能恰好也是其他字段中的词语：请去掉这一条

# 登记前的检验，与连接器的目录。
gate-unit = { $rule_files }：没有单位 "{ $unit }" 的换算规则（{ "[[conversion]]" }），而连接器 { $connector } 的数据流 { $stream } 用到该单位；请补上
gate-no_sample = 连接器 { $connector }：数据流 { $stream } 没有样例；请把平台提供的文件原样放入 samples/，把预期结果放入 expected/
gate-no_record = 连接器 { $connector }：数据流 { $stream } 的样例中没有一条记录，等于没有检验；请在 samples/ 中放入有记录的文件
gate-nothing_accepted = 连接器 { $connector }：数据流 { $stream } 的样例（如 { $sample }）共 { $records } 条记录，没有一条可用；原因是 { $reasons }；请修正清单，或在 samples/ 中放入有可用记录的文件
gate-key_without_person = 连接器 { $connector }：{ $place } 为 { $key }，许多教师的这些值都相同，他们的记录会互相覆盖；请加上能区分人的字段，例如 { $suggestion }
gate-key_of_rows = 连接器 { $connector }：{ $place } 用到 { $column }，它在每个文件中都从头编号，一个文件的记录会覆盖另一个文件的；请用人和培训来区分记录，例如 { $suggestion }；若每个文件都含全部记录，请写 `complete = true`
gate-key_shared = 连接器 { $connector }：{ $place } 为 { $key }，而不同的人的记录键相同：{ $one } 与 { $other }；请加上能区分人的字段
gate-open_question = 连接器 { $connector }：manifest.toml 第 { $line } 行有一个问题没有回答，而每条记录都要有这一字段：“{ $question }”；请回答后删去 `# ?`
gate-played = 无法在本机模拟样例的平台：{ $why }
package-unreadable = 无法读取 { $path }：{ $source }
package-not_a_file = { $path } 不是普通文件；请给出普通文件
package-too_large = { $path } 超过 { $most } 字节；请给出连接器清单，或其所在目录
package-page_too_large = { $path } 超过 { $most } 字节；请给出较小的文件
package-samples_too_large = { $path }：一个连接器的样例合计不得超过 { $most } 字节；请减少或缩小
package-no_stream = { $path }：无法判断属于哪个数据流；请放入以数据流命名的目录：{ $streams }

# 为何无法从样例推断。
infer-empty = 样例是空的；请给出带表头和几条记录的样例
infer-too_large = 样例有 { $found } 字节，最多读取 { $most } 字节；请只给出前几百条记录
infer-binary = 样例不是文本、工作簿或任何已知格式；请另存为 .xlsx、.csv、.json 或 .xml
infer-broken = 样例（{ $format }）损坏或不完整：{ $why }；请重新取得完整的样例
infer-other_kind = 样例是{ $what }；请用电子表格程序打开，另存为 .xlsx，再用那个文件
infer-no_table = 样例（{ $format }）中没有找到记录列表；请给出带表头和至少一条记录的样例
sample_form-json = JSON
sample_form-json_lines = { "JSON Lines" }
sample_form-xml = XML
sample_form-html = { "HTML" } 网页
sample_form-csv = CSV
sample_form-text = 文本
sample_form-workbook = 工作簿
sample_form-any = 样例
broken_sample-too_deep = 元素嵌套超过 { $depth } 层，或多于 { $most } 个
broken_sample-too_many = 元素多于 { $most } 个
broken_sample-end_alone = 有结束标记没有对应的开始标记
broken_sample-doctype = 不接受 DOCTYPE
broken_sample-cut = 根元素尚未结束，内容就中断了
broken_sample-other = “{ $text }”

# 检验时对样例所做的改动。
variant-login_page = 换成登录页
variant-empty = 空内容
variant-first_quarter = 在四分之一处截断
variant-first_half = 在中间截断
variant-nine_tenths = 在末尾附近截断
variant-byte_order_mark = 带字节顺序标记
variant-blank_lines = 前后加空行
variant-title_line = 上方多一行标题
variant-line_ends = 换行符不同
variant-utf8_mark = 带字节顺序标记的 UTF-8
variant-gb18030 = GB18030 编码
variant-no_header = 缺表头
variant-reversed_columns = 各列次序颠倒
variant-status = 先应答状态码 { NUMBER($status, useGrouping: "false") }，再给出该页
variant-login_first = 先给出登录页（状态码 200），再给出该页
variant-cut_answer = 应答先中断一次，再给出该页

# 结果与预期有何不同。
difference-expected_results = 预期结果不是 JSON 数组：“{ $why }”
difference-no_stream = 清单中没有数据流 { $stream }
difference-refused = 被拒绝：{ $why }
difference-record = 第 { $record } 条：{ $found }，应为 { $expected }
difference-record_count = { $found } 条记录，应为 { $expected } 条
difference-taken = 读出了 { $records } 条记录；应当拒绝
difference-new_record = 样例中没有的记录：{ $found }
difference-no_request = 连接器没有发出请求
difference-page_taken = { $records ->
    [0] 被当作一页记录
   *[other] 被当作一页记录，共 { $records } 条
}
difference-password = 提示信息中出现了密码
difference-failure = { $why }
difference-no_page = 其后没有页
difference-count_afterwards = 其后的页有 { $records } 条记录，样例有 { $expected } 条
