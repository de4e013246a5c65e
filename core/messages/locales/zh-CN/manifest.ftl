# 清单有何问题。
manifest-faults = { $lines }
manifest-fault = { $file }:{ NUMBER($line, useGrouping: "false") }:{ NUMBER($column, useGrouping: "false") }: { $why }
manifest-fault_at = { $file }:{ NUMBER($line, useGrouping: "false") }:{ NUMBER($column, useGrouping: "false") }: { $at }：{ $why }
problem-syntax = { $why }
problem-unknown_key = 此处没有键 "{ $key }"{ $meant }；可用：{ $allowed }
problem-unknown_word = 此处不能写 "{ $word }"{ $meant }；可用：{ $allowed }
problem-unknown_value = 没有取值 ${"{"}{ $name }{"}"}{ $meant }；可用：{ $allowed }
problem-open_value = "{ $text }" 中的 ${"{"} 没有对应的 {"}"}
problem-missing = 缺少键 { $key }：{ $what }
problem-missing_choice = 缺少键 { $key }；应为下列之一：{ $words }
problem-type = 应为{ $expected }，实为{ $found }
problem-bounds = { $found } 超出范围：应在 { NUMBER($least, useGrouping: "false") } 与 { NUMBER($most, useGrouping: "false") } 之间
problem-more = 另有 { $more } 处问题；请先改正以上各处
meant-word = （是不是 "{ $word }"？）
meant-value = （是不是 ${"{"}{ $name }{"}"}？）
expected-text = 文本
expected-flag = {" "}true 或 false
expected-day = 日期，如 2014-09-01
expected-number = 整数
expected-list = 列表 [ … ]
expected-table = 表 {"{"} … {"}"}
expected-step = 一个词，或只有一个键的表 {"{"} … = … {"}"}
found-text = 文本 "{ $text }"
found-integer = 整数
found-float = 小数
found-flag = {" "}true 或 false
found-day = 日期
found-list = 列表
found-table = 表

explain-no_place = "{ $of }" 中没有 "{ $step }"{ $meant }；可用：{ $known }

# 清单中无法成立之处。
rule-id = 标识应为 1 至 60 个小写字母、数字、- 或 _
rule-no_stream = 连接器至少要有一个 [[stream]]
rule-two_streams = 有两个数据流都叫 "{ $name }"
rule-every_answer = 这一条会适用于所有应答；请写 status、path 与 is，或 contains
rule-path_and_is = path 与 is 须同时写
rule-no_names = 至少要有一个文件名模式
rule-download_and_bucket = download 与 bucket 只能写一个
rule-bucket_name = 存储桶须有名称
rule-no_value_here = 此处不能用 ${"{"}{ $name }{"}"}；可用：{ $known }
rule-not_signed = 参数 { $parameter } 不在签名之列；请加入 order
rule-elsewhere = 它指向另一台主机；请写 base_url 那台主机上的路径，如 /api/list
rule-record_key = 至少要有一个原始字段，用来判断是否为同一条记录
rule-two_totals = `total` 与 `total_header` 只能写一个
rule-version_of_pages = 接口给出的页没有文件名；版本请取自字段或接收先后
rule-roster_known_by = 名册中的人员以身份证号识别；请去掉 known_by
rule-not_mapped = 必需的字段 { $field } 没有映射；请加在 [stream.map] 下
rule-membership_school = 任职关系须在 [stream.map] 中映射 school_code 或 school_ref
rule-no_field = { $kind } 类数据流没有字段 { $field }
rule-tells_apart = 只有写了 known_by = "any"，{ $field } 才用来识别人员；请写上，或去掉该字段
rule-from_nowhere = 没有写明取自何处；请写 path、first_of、join 或 constant
rule-only_one_of = path、first_of、join、constant 只能写一个
rule-blank_path = 路径为空
rule-path_item = “{ $path }”永远匹配不到：路径只能逐级写对象的名称（如 data.items），不能指定列表中的某一项。列表中就是记录的，请把它的路径写作 `format` 的 `items`；名称本身含有这些符号的，用单引号括起
rule-path_root = “{ $path }”永远匹配不到：路径以第一级名称开头，不以 $ 开头；请写“{ $meant }”
rule-path_document = “{ $path }”永远匹配不到；指文档本身的，路径留空
rule-path_slash = “{ $path }”永远匹配不到：路径中的名称以点分隔；请写“{ $meant }”；名称本身含斜杠的，用单引号括起
rule-path_name = “{ $path }”永远匹配不到：其中有一级名称为空，或首尾有空格；请写“{ $meant }”
rule-path_prefix = “{ $path }”永远匹配不到：元素不写命名空间前缀；请写“{ $meant }”
rule-path_quote = “{ $path }”永远匹配不到：单引号没有在下一个点之前闭合；含点的名称写作 '@odata.nextLink' 这样
rule-no_path = 没有 { $path }；可用 {"$"}file、{"$"}member、{"$"}sheet 和本数据流的 {"$"}each.名称
rule-hours_unit = hours 须带单位：hours = {"{"} path = "…", unit = "minute" {"}"}
rule-only_hours_unit = 只有 hours 有单位
rule-only_days_forms = 只有日期有 formats
rule-day_form = "{ $form }" 不是日期格式；请写作 %Y-%m-%d
rule-roster_pass = 名册没有合格与否之分；请去掉 pass
rule-no_pass = 缺少键 pass：以什么认定教师合格
rule-pass_needs = pass = "{ $pass }" 要求 [stream.map] 下有 { $field }
rule-no_header = 至少要有一个列名，用来识别表头
rule-two_columns = 名称 "{ $name }" 同时代表 "{ $one }" 和 "{ $other }"
rule-roster_withdrawal = 名册的行不能撤回，只有培训记录可以；请用 "skip" 或 "park"
rule-only_withdrawal = withdraws 只与 act = "withdraw" 同用
rule-withdrawn_key = 请为 record_key 的每个路径各写一个路径：{ $paths }
rule-withdrawn_id_number = 记录键中的身份证号只从 { $key } 读取；此处也请写 { $key }，不要写 { $name }
rule-every_row = 这一条会适用于所有行；请至少写一个条件
rule-one_comparison = is、is_not、blank、above、below、matches 须且只能写一个
rule-not_decimal = "{ $text }" 不是普通十进制数
rule-only_http = { $key } 只用于通过 HTTP 读取的数据流
rule-only_files = files 只用于从文件读取的数据流
rule-empty_fan_out = each 没有任何取值，读不到任何内容
rule-fan_out_id = fields 须有 id
rule-export_pages = 导出是一个文件，没有分页
rule-no_request = 通过 HTTP 读取的数据流须有 request 或 export
rule-request_and_export = request 与 export 只能写一个
rule-next_token = 请写 next 或 next_header，指明下一页的令牌在何处
rule-only_json_page = 只有 JSON 格式的页能给出此项；请按页码、偏移量或应答头翻页
rule-roster_complete = 名册的行不与完整的一遍比较；请去掉 `complete`
rule-complete_since = 只请求有变化的部分，就不是完整的一遍；请去掉 `complete` 或 `since`
rule-complete_files = 从文件读取时，只有文件名中的日期能说明哪些文件合为一个整体；请写 `version = {"{"} from = "file_date" {"}"}`，或去掉 `complete`
rule-missing_complete = `missing` 只与 `complete = true` 同用
rule-step_begin = 写了 step_days 就须写 begin（首次同步的起始日）
rule-step_value = { $step } 须带值；请写作 {"{"} { $step } = … {"}"}
rule-step_word = { $step } 不带值；请写作 "{ $step }"
rule-separator = "{ $text }" 不能作为分隔符；请写一个 ASCII 字符（不是字母、数字或引号），或写 "tab"
rule-no_group = 正则表达式须有分组 ( … )
rule-expression = 正则表达式写法有误：“{ $why }”
rule-ratio = "{ $text }" 不是 1 至 1,000,000 的整数之比，如 "1/60"
