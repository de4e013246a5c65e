# Why a page cannot become a sample.
anonymize-broken = { $address } cannot be read (“{ $why }”), so the people in it cannot be replaced; remove it
anonymize-workbook = this workbook cannot be written again, because a cell in it has something that .xlsx cannot say, or because it is in an archive; open it in a spreadsheet program and save it as .xlsx
anonymize-random = the system cannot provide random numbers: “{ $why }”
anonymize-encoding = the anonymized sample cannot be saved in { $encoding }; save the sample as UTF-8 first
anonymize-left = a name or ID number of the original is still at { $address }, because it is written in pieces there; write it in one piece, or remove the record
anonymize-differs = the anonymized page does not give the same records ({ $difference }); a name may also be a word in another field: remove that record

# The gate of registration, and the folder of a connector.
gate-unit = { $rule_files }: no [[conversion]] for the unit "{ $unit }", which stream { $stream } of connector { $connector } uses; add one
gate-no_sample = connector { $connector }: stream { $stream } has no sample; put a file from the platform into samples/, and its expected results into expected/
gate-no_record = connector { $connector }: no sample of stream { $stream } has a record, so nothing was tested; put a file with records into samples/
gate-nothing_accepted = connector { $connector }: none of the { $records } records in the samples of stream { $stream } (from { $sample }) is accepted; the reasons are { $reasons }; correct the manifest, or put a file with usable records into samples/
gate-key_without_person = connector { $connector }: { $place } is { $key }, which many teachers share, so their records would replace each other; add what identifies the person, such as { $suggestion }
gate-key_of_rows = connector { $connector }: { $place } uses { $column }, which numbers the rows of each file anew, so the records of one file would replace those of another; identify records by the person and the training, such as { $suggestion }, or write complete = true if every file has all records
gate-key_shared = connector { $connector }: { $place } is { $key }, and records of different people have the same key: { $one } and { $other }; add what identifies the person
gate-open_question = connector { $connector }: manifest.toml line { $line } has an open question about a field that every record needs: “{ $question }”; answer it, then remove its `# ?`
gate-played = cannot simulate the platform of a sample on this machine: { $why }
package-unreadable = cannot read { $path }: { $source }
package-not_a_file = { $path } is not a regular file; give one
package-too_large = { $path } is larger than { $most } bytes; give a manifest, or the folder that holds one
package-page_too_large = { $path } is larger than { $most } bytes; give a smaller file
package-samples_too_large = { $path }: the samples of one connector may have at most { $most } bytes in total; give fewer or smaller ones
package-no_stream = { $path }: it is not clear to which stream this belongs; put it into a folder named after one of { $streams }

# Why nothing is guessed from a sample.
infer-empty = the sample is empty; give one with a header and a few records
infer-too_large = the sample has { $found } bytes, but at most { $most } are read; give its first few hundred records
infer-binary = the sample is neither text nor a workbook nor any other known format; save it as .xlsx, .csv, .json or .xml
infer-broken = the sample ({ $format }) is broken or incomplete: { $why }; get a complete one
infer-other_kind = the sample is { $what }; open it in a spreadsheet program, save it as .xlsx, and give that file
infer-no_table = no list of records was found in the sample ({ $format }); give one with a header and at least one record
sample_form-json = JSON
sample_form-json_lines = JSON Lines
sample_form-xml = XML
sample_form-html = HTML page
sample_form-csv = CSV
sample_form-text = text
sample_form-workbook = workbook
sample_form-any = sample
broken_sample-too_deep = elements nested deeper than { $depth }, or more than { $most } elements
broken_sample-too_many = more than { $most } elements
broken_sample-end_alone = an end tag without its start tag
broken_sample-doctype = a DOCTYPE is not accepted
broken_sample-cut = it ends before its root element is closed
broken_sample-other = “{ $text }”

# What the gate does to a sample.
variant-login_page = a login page instead
variant-empty = an empty body
variant-first_quarter = cut after a quarter
variant-first_half = cut in the middle
variant-nine_tenths = cut near its end
variant-byte_order_mark = with a byte order mark
variant-blank_lines = with blank lines around it
variant-title_line = with a title line above
variant-line_ends = with other line endings
variant-utf8_mark = in UTF-8 with a byte order mark
variant-gb18030 = in GB18030
variant-no_header = without its header
variant-reversed_columns = with its columns in reverse order
variant-status = status { NUMBER($status, useGrouping: "false") }, then the page
variant-login_first = a login page with status 200, then the page
variant-cut_answer = an answer that breaks off, then the page

# How a result differs from the expected one.
difference-expected_results = the expected results are not a JSON array: “{ $why }”
difference-no_stream = the manifest has no stream { $stream }
difference-refused = refused: { $why }
difference-record = record { $record }: { $found }, expected { $expected }
difference-record_count = { $found } records, expected { $expected }
difference-taken = read as { $records } records; it must be refused
difference-new_record = a record that the sample does not have: { $found }
difference-no_request = the connector sent no request
difference-page_taken = { $records ->
    [0] read as a page of records
   *[other] read as a page of { $records } records
}
difference-password = a message contains the password
difference-failure = { $why }
difference-no_page = there is no page after it
difference-count_afterwards = the page after it has { $records } records, the sample has { $expected }
