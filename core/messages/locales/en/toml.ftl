# What is wrong with a TOML file.
toml-unknown_key = there is no key { $key } here; allowed: { $known }
toml-unknown_word = this word is not allowed here; allowed: { $known }
toml-missing_key = the key { $key } is missing
toml-duplicate_key = the key occurs twice
toml-wrong_type = expected { $expected }, found { $found }
toml-other = “{ $why }”
toml_type-text = a string
toml_type-integer = a whole number
toml_type-float = a number with decimals
toml_type-flag = true or false
toml_type-day = a date
toml_type-list = a list
toml_type-table = a table
toml_type-other = “{ $text }”
