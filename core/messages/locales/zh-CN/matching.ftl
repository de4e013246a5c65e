# 匹配的权重与规则。
weights-form = 匹配规则文件 { $file } 第 { NUMBER($line, useGrouping: "false") } 行第 { NUMBER($column, useGrouping: "false") } 列有误：{ $why }
weights-rule = 匹配规则文件 { $file } 中的 { $rule } 有误：{ $why }
weights-level_twice = 该级别只能出现一次
weights-level_missing = 该级别没有权重
weights-no_such_level = 该字段的比较不会得到这一级别
weights-too_heavy = 权重应在 -{ $max } 至 { $max }（千分之一比特）之间
weights-rarity = 稀有度应为 0 至 200（百分比）
weights-differs = “不同”不得用来支持“是同一人”
weights-no_reason = 缺少理由
weights-margin = margin 应为正数，否则两名不相上下的候选人也会被确定
weights-definite_score = definite_score 应高于 potential
weights-candidates = candidates 应为 1 至 100
weights-block = block 应为 2 至 100000
weights-one_field = 一条规则至少要有两个字段：只凭一个字段相符，可能认错人
weights-rule_level = 规则中有字段没有写级别，或写了比较时得不到的级别
weights-rule_differs = “不同”不得作为确定的依据

# 人员表，以及各列的含义。
table-file = { $file }：{ $why }；请检查文件是否存在、能否读取
table-row = { $file }：“{ $why }”
table-config = { $file } 第 { NUMBER($line, useGrouping: "false") } 行第 { NUMBER($column, useGrouping: "false") } 列有误：{ $why }
table-setting = { $file }：{ $key }：{ $why }
table-encoding = { $file } 第 { NUMBER($line, useGrouping: "false") } 行：既不是 UTF-8 也不是 GB18030；请用其中之一重新保存
table-column = { $file } 第 1 行：没有列 "{ $column }"；表头有：{ $header }
table-twice = { $file } 第 1 行：列 "{ $column }" 出现两次；请使列名各不相同
table-cells = { $file } 第 { NUMBER($line, useGrouping: "false") } 行：有 { $found } 个单元格，表头有 { $expected } 个；是否缺少引号或分隔符？
table-no_id = { $file } 第 { NUMBER($line, useGrouping: "false") } 行，列 "{ $column }"：没有编号；每行都须有编号
table-same_id = { $file } 第 { NUMBER($line, useGrouping: "false") } 行，列 "{ $column }"：此编号已在第 { NUMBER($first, useGrouping: "false") } 行出现；编号不得重复
table-long = { $file } 第 { NUMBER($line, useGrouping: "false") } 行：一行超过 1 MiB；是否缺少右引号？
table_setting-no_role = [roles] 中至少要写一列
table_setting-separator = 分隔符应为一个 ASCII 字符，且不是引号或换行
table_setting-right = 只有第二个表可以另写列名
