# What is wrong with a manifest.
manifest-faults = { $lines }
manifest-fault = { $file }:{ NUMBER($line, useGrouping: "false") }:{ NUMBER($column, useGrouping: "false") }: { $why }
manifest-fault_at = { $file }:{ NUMBER($line, useGrouping: "false") }:{ NUMBER($column, useGrouping: "false") }: { $at }: { $why }
problem-syntax = { $why }
problem-unknown_key = there is no key "{ $key }" here{ $meant }; allowed: { $allowed }
problem-unknown_word = "{ $word }" is not allowed here{ $meant }; allowed: { $allowed }
problem-unknown_value = there is no value ${"{"}{ $name }{"}"}{ $meant }; allowed: { $allowed }
problem-open_value = ${"{"} without its {"}"} in "{ $text }"
problem-missing = the key { $key } is missing: { $what }
problem-missing_choice = the key { $key } is missing: one of { $words }
problem-type = expected { $expected }, found { $found }
problem-bounds = { $found } is out of range; it must be from { NUMBER($least, useGrouping: "false") } to { NUMBER($most, useGrouping: "false") }
problem-more = { $more } more errors; fix these first
meant-word = {" "}(did you mean "{ $word }"?)
meant-value = {" "}(did you mean ${"{"}{ $name }{"}"}?)
expected-text = a string
expected-flag = true or false
expected-day = a date such as 2014-09-01
expected-number = a whole number
expected-list = a list [ … ]
expected-table = a table {"{"} … {"}"}
expected-step = a word, or a table of one key {"{"} … = … {"}"}
found-text = the string "{ $text }"
found-integer = an integer
found-float = a float
found-flag = a boolean
found-day = a datetime
found-list = an array
found-table = a table

explain-no_place = there is no "{ $step }" in "{ $of }"{ $meant }; available: { $known }

# What cannot work in a manifest.
rule-id = an id must have 1 to 60 characters: lowercase letters, digits, - or _
rule-no_stream = a connector needs at least one [[stream]]
rule-two_streams = two streams are named "{ $name }"
rule-every_answer = it would match every answer; give status, path and is, or contains
rule-path_and_is = path and is must be given together
rule-no_names = at least one name pattern is needed
rule-download_and_bucket = give download or bucket, not both
rule-bucket_name = a bucket needs a name
rule-no_value_here = ${"{"}{ $name }{"}"} has no value here; available: { $known }
rule-not_signed = the parameter { $parameter } is not signed; add it to order
rule-elsewhere = it leads to another host; give a path on the host of base_url, such as /api/list
rule-record_key = at least one raw field must identify a record
rule-two_totals = give total or total_header, not both
rule-version_of_pages = pages have no file name; take the version from a field or from the order of receipt (landing)
rule-roster_known_by = people on a roster are identified by the ID number; remove known_by
rule-not_mapped = the required field { $field } is not mapped; add it under [stream.map]
rule-membership_school = a membership needs school_code or school_ref under [stream.map]
rule-no_field = a stream of kind { $kind } has no field { $field }
rule-tells_apart = { $field } identifies the teacher only where known_by = "any"; add that, or remove the field
rule-from_nowhere = it has no source; give path, first_of, join or constant
rule-only_one_of = give only one of path, first_of, join and constant
rule-blank_path = a path is blank
rule-path_item = "{ $path }" never matches, because a path cannot name an item of a list: it leads through the names of objects only, such as data.items. If the list holds the records, make its path the items of the format; put a name that has these signs itself in single quotes
rule-path_root = "{ $path }" never matches, because a path begins with the first name, not with $; write "{ $meant }"
rule-path_document = "{ $path }" never matches; leave the path empty if the document itself is meant
rule-path_slash = "{ $path }" never matches, because the names of a path stand between dots; write "{ $meant }", or put a name that has a slash itself in single quotes
rule-path_name = "{ $path }" never matches, because one of its names is empty or has a space at its beginning or end; write "{ $meant }"
rule-path_prefix = "{ $path }" never matches, because elements are named without the prefix of their name space; write "{ $meant }"
rule-path_quote = "{ $path }" never matches, because a single quote is not closed before the next dot; write a name with dots like '@odata.nextLink'
rule-no_path = there is no { $path }; allowed: {"$"}file, {"$"}member, {"$"}sheet and {"$"}each.NAME of this stream
rule-hours_unit = hours need a unit: hours = {"{"} path = "…", unit = "minute" {"}"}
rule-only_hours_unit = only hours have a unit
rule-only_days_forms = only dates have formats
rule-day_form = "{ $form }" is not a date format; write it like %Y-%m-%d
rule-roster_pass = a roster has no pass result; remove pass
rule-no_pass = the key pass is missing: what decides that the teacher passed
rule-pass_needs = pass = "{ $pass }" needs { $field } under [stream.map]
rule-no_header = at least one column name is needed to find the header
rule-two_columns = the name "{ $name }" stands for "{ $one }" and for "{ $other }"
rule-roster_withdrawal = rows of a roster cannot be withdrawn, only training records can; use "skip" or "park"
rule-only_withdrawal = withdraws belongs to act = "withdraw"
rule-withdrawn_key = give one path for each path of record_key: { $paths }
rule-withdrawn_id_number = the ID number of the record key is read from { $key } only; write { $key } here too, not { $name }
rule-every_row = it would match every row; give at least one condition
rule-one_comparison = give exactly one of is, is_not, blank, above, below and matches
rule-not_decimal = "{ $text }" is not a plain decimal number
rule-only_http = { $key } belongs to streams that are read over HTTP
rule-only_files = files belongs to streams that are read from files
rule-empty_fan_out = a fan-out over no values reads nothing
rule-fan_out_id = fields must have an id
rule-export_pages = an export is one file; it has no pages
rule-no_request = a stream read over HTTP needs a request, or an export
rule-request_and_export = give a request or an export, not both
rule-next_token = give next or next_header, to say where the next token is
rule-only_json_page = only a JSON page can give this; page by number, offset or header
rule-roster_complete = rows of a roster are not compared with a whole pass; remove complete
rule-complete_since = a pass that requests only changes is not whole; remove complete, or since
rule-complete_files = of files, only the date in their names tells which ones are the whole; write version = {"{"} from = "file_date" {"}"}, or remove complete
rule-missing_complete = missing belongs to complete = true
rule-step_begin = step_days needs begin, the first day of a first pass
rule-step_value = { $step } needs a value; write {"{"} { $step } = … {"}"}
rule-step_word = { $step } takes no value; write "{ $step }"
rule-separator = "{ $text }" is not a separator; give one ASCII character other than a letter, digit or quote, or "tab"
rule-no_group = the regular expression needs a group ( … )
rule-expression = not a valid regular expression: “{ $why }”
rule-ratio = "{ $text }" is not a ratio of whole numbers from 1 to 1,000,000, such as "1/60"
