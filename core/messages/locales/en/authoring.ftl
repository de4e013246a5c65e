# Why a page cannot become a sample.
disguise-broken = { $address } cannot be read (“{ $why }”), so nobody can tell who stands in it; take it out
disguise-workbook = only .xlsx workbooks can be rewritten; open it in a spreadsheet program and save it as .xlsx
disguise-random = the system gives no random numbers: “{ $why }”
disguise-sheets = the manifest does not read the sheets { $sheets }, so nobody can tell who stands in them; delete them and save again
disguise-encoding = it cannot be written in { $encoding } again; save it in UTF-8
disguise-left = a name or an ID number of the original is still at { $address }; it is written in pieces there: write it in one, or take the record out
disguise-differs = the disguised page does not mean the same ({ $difference }); a name may be a word of another field too: take that record out

# The gate of registration, and the folder of a connector.
gate-unit = { $rule_files }: no [[conversion]] for the unit "{ $unit }", which connector { $connector }, stream { $stream } uses; add one
gate-no_sample = connector { $connector }: stream { $stream } has no sample; put a file as the platform gives it into samples/, and what must come of it into expected/
gate-no_record = connector { $connector }: no sample of stream { $stream } has a record, so nothing was tried; put a file with records into samples/
gate-played = the platform of a sample cannot be played on this machine: { $why }
package-unreadable = cannot read { $path }: { $source }
package-not_a_file = { $path } is no regular file; give one
package-too_large = { $path } is larger than { $most } bytes; give a manifest, or the folder that holds one
package-samples_too_large = { $path }: the samples of one connector may hold { $most } bytes together; give fewer or smaller ones
package-no_stream = { $path }: to which stream does it belong? put it into a folder named after one of { $streams }

# Why nothing is guessed from a sample.
infer-empty = the sample is empty; give one with a header and a few records
infer-too_large = the sample has { $found } bytes, at most { $most } are read; give its first few hundred records
infer-binary = the sample is no text, no workbook and no known format; save it as .xlsx, .csv, .json or .xml
infer-broken = the sample is no whole { $format }: { $why }; get it again, complete
infer-no_table = no list of records was found in the { $format }; give a sample with a header and at least one record
sample_form-json = JSON
sample_form-json_lines = JSON Lines
sample_form-xml = XML
sample_form-html = HTML page
sample_form-csv = CSV
sample_form-text = text
sample_form-workbook = workbook
sample_form-any = sample
broken_sample-too_deep = more than { $depth } elements deep, or more than { $most }
broken_sample-too_many = more than { $most } elements
broken_sample-end_alone = an element ends that did not begin
broken_sample-doctype = a DOCTYPE is not accepted
broken_sample-cut = it ends before its root element does
broken_sample-other = “{ $text }”
