# TOML 文件有何问题。
toml-unknown_key = 此处没有键 { $key }；可用：{ $known }
toml-unknown_word = 此处不能写这个词；可用：{ $known }
toml-missing_key = 缺少键 { $key }
toml-duplicate_key = 键重复出现
toml-wrong_type = 应为{ $expected }，实为{ $found }
toml-other = “{ $why }”
toml_type-text = 文本
toml_type-integer = 整数
toml_type-float = 小数
toml_type-flag = { "true" } 或 { "false" }
toml_type-day = 日期
toml_type-list = 列表
toml_type-table = 表
toml_type-other = “{ $text }”
