# School codes.
school_code-missing = a school code is expected, and none was given
school_code-form = a school code has ten digits
school_code-category = the first two digits of a school code must be a category, as 21 for primary schools
