# School codes.
school_code-missing = a school code is expected, and none was given
school_code-form = a school code has ten digits
school_code-category = the first two digits of a school code must be a category, as 21 for primary schools

# What is wrong with the reporting tree.
region-division = "{ $division }" is no code of a division; six characters are expected
region-ends_before_it_begins = it ends before it begins
region-reports_to = the province reports to nobody, and everybody else to somebody
region-gap = a gap: { $region } has no row from { $from } on
region-overlap = an overlap: { $region } has another row on this day
region-cycle = a cycle: nobody above it reports to the province
region-no_region = there is no region "{ $region }"
region-parent_gap = a gap: { $parent } is not there on every day from { $from } on that { $region } reports to it
region-successor_gap = a gap: { $successor } begins on { $begins }, not on the day after { $region } ends
