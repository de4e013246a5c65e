# 数据库，以及其中保存的内容。
database-address = 数据库地址不可用：{ $why }；请写作 sqlite:路径 或 postgres://用户:密码@主机:端口/库名
database-address_no_scheme = 没有写明地址的类型（如 sqlite: 或 postgres://）
database-address_scheme = 不支持以 { $scheme }: 开头的地址
database-address_options = “{ $why }”
database-unreachable = 无法打开数据库 { $database }：{ $why }；请检查数据库是否在运行，以及主机、端口、用户和密码
database-no_answer = { $seconds } 秒内没有应答
database-no_free_connection = { $seconds } 秒内没有空闲连接；数据库允许的连接数可能少于全部工作进程所需（max_connections）
database-statement = 数据库未能执行操作：{ $why }
database-column = 查询结果中缺少列 { $column }，或该列的类型不符
database-schema_empty = 数据库中还没有汇流的结构；请运行 `huiliu migrate`
database-schema_behind = 数据库结构共需升级 { $known } 步，只完成了 { $applied } 步；请运行 `huiliu migrate`
database-schema_unknown = 此版本的汇流不认识该数据库的结构：它由更新的版本建立，或不是汇流的数据库；请使用更新的版本，或指定其他数据库
database-migration = 数据库结构升级没有成功，未作任何改动：{ $why }
key-wrong = 所给的根密钥与建立此数据库时所用的不同；请给出原来的密钥（HUILIU_KEY_FILE，或数据目录中的 root.key）
key-generation = 密钥文件中没有此数据库的第 { NUMBER($generation, useGrouping: "false") } 代密钥：密钥已轮换过；请改用 `huiliu keys rotate` 写成的密钥文件
key-rotated_since = 此数据库早于密封密钥的一次轮换：它需要第 { NUMBER($needs, useGrouping: "false") } 代密钥，而密钥文件从第 { NUMBER($oldest, useGrouping: "false") } 代开始；请使用当时的密钥文件，`huiliu keys rotate` 将其保存为 {"root.key.before-"}{ NUMBER($before, useGrouping: "false") }
key-retired = 本进程启动后密封密钥已轮换；请用 `huiliu keys rotate` 写成的密钥文件重新启动
source-lease_lost = 另一个进程已接手此来源；此页没有写入

unreadable-payload = { $why }
unreadable-bytes = { $why }
unreadable-kept_bytes = 原始载荷 { NUMBER($payload, useGrouping: "false") }：{ $why }
unreadable-new_bytes = 原始载荷无法读取：{ $why }
unreadable-connector = 连接器 { $connector } 已不在登记之列；接收该原始载荷时，它还在
unreadable-stream = 连接器 { $connector } 已没有数据流 { $stream }
unreadable-other_layout = 按当前清单读出的记录与接收时不同；请用 --full 重新读取该来源
unreadable-value = { $what }无法读取：“{ $why }”
unreadable-decision_kind = 决定 { NUMBER($decision, useGrouping: "false") } 的种类 { $kind } 本程序不认识
unreadable-rule_object = 现行规则中有 { $name } 第 { NUMBER($version, useGrouping: "false") } 版，其类型 { $kind } 是本程序不认识的；请使用较新的程序
unreadable-rules = 本程序无法使用现行规则（第 { NUMBER($activation, useGrouping: "false") } 次启用）：{ $why }
unreadable-copy = 经 {"SQLite"} 检查，该数据库已损坏：“{ $found }”
unreadable-backup = 副本 { $copy } 已损坏：“{ $found }”

kept-told = 声明的内容
kept-evidence = 候选人的依据
kept-samples = 已登记连接器的样例
kept-replay = 已记录的重放
kept-roster_row = 名册中的一行数据
kept-decision = 决定 { NUMBER($decision, useGrouping: "false") } 的详情

rehearsal-two_at_once = 一次只能试算一项
rehearsal-still_held = 试算仍在别处使用，不能提交
rehearsal-not_one = 当前不在试算中
