# Weights and rules of matching.
weights-form = { $file }, line { NUMBER($line, useGrouping: "false") }, column { NUMBER($column, useGrouping: "false") }: { $why }
weights-rule = { $file }: { $rule }: { $why }
weights-level_twice = the level must occur only once
weights-level_missing = the level has no weight
weights-no_such_level = no comparison of this field gives this level
weights-too_heavy = the weight must lie between -{ $max } and { $max } thousandths of a bit
weights-rarity = the rarity must be 0 to 200 per cent
weights-differs = a differing value must not count in favour of the same person
weights-no_reason = the reason is missing
weights-margin = the margin must be positive, or one of two equal candidates would be definite
weights-definite_score = definite_score must lie above potential
weights-candidates = candidates must be 1 to 100
weights-block = block must be 2 to 100000
weights-one_field = a rule must need at least two fields: a single field that agrees may be another person's
weights-rule_level = a field of the rule has no level, or one that no comparison gives
weights-rule_differs = a differing value must not make a match definite

# Tables of people, and what their columns mean.
table-file = { $file }: { $why }; check that the file is there and can be read
table-row = { $file }: “{ $why }”
table-config = { $file }, line { NUMBER($line, useGrouping: "false") }, column { NUMBER($column, useGrouping: "false") }: { $why }
table-setting = { $file }: { $key }: { $why }
table-encoding = { $file }, line { NUMBER($line, useGrouping: "false") }: the bytes are neither UTF-8 nor GB18030; save the file in one of them
table-column = { $file }, line 1: no column "{ $column }"; the header has { $header }
table-twice = { $file }, line 1: column "{ $column }" occurs twice; give each its own name
table-cells = { $file }, line { NUMBER($line, useGrouping: "false") }: { $found } cells, the header has { $expected }; is a quote or separator missing?
table-no_id = { $file }, line { NUMBER($line, useGrouping: "false") }, column "{ $column }": no id; each row needs one
table-same_id = { $file }, line { NUMBER($line, useGrouping: "false") }, column "{ $column }": this id is already used in line { NUMBER($first, useGrouping: "false") }; ids must differ
table-long = { $file }, line { NUMBER($line, useGrouping: "false") }: a row of more than 1 MiB; is a closing quote missing?
table_setting-no_role = at least one column must have a role
table_setting-separator = the separator must be one ASCII character, and neither a quote nor a line end
table_setting-right = only the second table can have other columns
