# Why a payload cannot be read.
decode-encoding = bytes near byte { $offset } are not { $encoding }
decode-two_encodings = line { $line } is in UTF-8 and other lines are in GB18030: two files were put together; save the whole file in one encoding
decode-malformed = not readable as { $format }: { $why }
decode-no_header = no header line with the cells { $cells }
payload-correction_sheet = it is a correction sheet; its rows correct dead letters and are no new records
decode-other_header = no header line with the cells { $cells }; the file has { $found }: add these names as aliases, or send the file with the declared ones
decode-other_separator = no header line: the cells are separated by { $found }, but the manifest expects { $expected }; change the separator in the manifest or save the file with { $expected }
decode-empty = no header line: the file is empty; send it again
decode-not_text_table = no header line: this is not a text table but { $what }; open it in a spreadsheet program and save it as the manifest expects
decode-part = { $part }: { $why }
decode-payload = the stored bytes cannot be read: { $why }
decode-inconsistent = the unpacked parts contradict each other
decode-record_too_large = record { NUMBER($record, useGrouping: "false") } has more than { $max } bytes; send it in parts
decode-refused = the platform answered with an error: { $path } is { $found }, expected { $expected }
decode-too_many_records = more than { $max } records; send it in parts
decode-too_many_rows = more than { $max } rows; send it in parts
decode-two_columns = two columns are named { $column }

malformed-parser = “{ $why }”
malformed-twice = { $path } appears in it more than once
malformed-no_list = no array at { $path }
malformed-no_value = no value at { $path }
malformed-web_page = it begins with <, as a web page does
malformed-doctype = a DOCTYPE is not accepted
malformed-cut = the document ends before </{ $element }>
malformed-root = the root element is <{ $found }>, expected <{ $expected }>
malformed-depth = elements nested deeper than { $max }
malformed-attributes = an element with more than { $max } attributes
malformed-entity = unknown entity &{ $name };
malformed-line_too_long = line { NUMBER($line, useGrouping: "false") } has more than { $max } bytes; is a closing quote missing?
malformed-line_too_wide = line { NUMBER($line, useGrouping: "false") } has more than { $max } cells
malformed-line_not_text = line { NUMBER($line, useGrouping: "false") } is not text: “{ $why }”

# Why a workbook or an archive cannot be unpacked.
unpack-members = the archive has { $found } files, but at most { $max } are read; send it in parts
unpack-size = it unpacks to more than { $max } bytes; send it in parts
unpack-ratio = { $name } unpacks to more than { $max_ratio } times its size, as a decompression bomb does; pack it again
unpack-gzip_ratio = the gzip file unpacks to more than { $max_ratio } times its size, as a decompression bomb does; pack it again
unpack-nested = { $name } is an archive inside an archive; send its files in one archive
unpack-name = the file name { $name } points outside the archive; pack it with plain file names
unpack-twice = the archive has two files named { $name }, and only one of them could be read; pack them with different names
unpack-encrypted = { $name } is encrypted; send it without a password
unpack-no_member = { $count ->
    [0] the archive has no file that matches { $pattern }; it is empty
   *[other] the archive has no file that matches { $pattern }; it has { $found }
}
unpack-locked = the workbook is protected by a password; save it without one
unpack-not_workbook = this is not a workbook but { $what }; open it in a spreadsheet program and save it as .xlsx
unpack-no_sheet = { $count ->
    [0] the workbook has no sheet
   *[other] the workbook has no sheet that matches { $pattern }; it has { $found }
}
unpack-doctype = { $name } has a DOCTYPE, which no workbook needs; save the workbook again
unpack-columns = sheet { $sheet } has a cell in column { $column }, but at most { $max } columns are read; remove the cells beyond them
unpack-broken = broken: “{ $why }”; send it again
unpack-page_cut = broken: the page ends inside a table; send it again
unpack-open_quote = broken: a quote in the row of line { NUMBER($line, useGrouping: "false") } is not closed; send it again
unpack-records_too_large = { $sheet }: the { $records } records around record { NUMBER($record, useGrouping: "false") } have more than { $max } bytes; send it in parts
unpack-text = { $name }: { $why }
unpack-memory = reading it took more than { $mib } MiB of memory; send it in parts
unpack-time = reading it took more than { $seconds } s; send it in parts
unpack-crash = the process that read it failed ({ $how }); save it again with another program
unpack-crash_signal = signal { $signal }
unpack-crash_exit = exit code { $exit_code }
unpack-crash_garbled = its answer is not text
unpack-start = cannot start the process that reads it: { $why }
unpack-start_system = { $why }
unpack-start_busy = it did not get { $cpu_seconds } s of CPU time within { $seconds } s
unpack-start_ended = it was ended by signal { $signal }
unpack-start_unbounded = it could not set its own limits, or did not receive the bytes

unpack-looks_archive = an archive of other files
unpack-looks_empty = an empty file
unpack-looks_page = a web page
unpack-looks_page_without_table = a web page without a table
unpack-looks_frames = a page of frames, whose sheets are in other files beside it
unpack-looks_web_archive = a web archive (.mht)
unpack-looks_excel_xml = an Excel 2003 XML file
unpack-looks_xml = an XML document
unpack-looks_text_table = a text table
unpack-looks_other = something else
