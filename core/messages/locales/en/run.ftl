# What a pass did not meet of what its manifest expects.
run-short = { $stream }: { $received } records received, but the platform counts { $total }
run-rows_left_out = { $stream }: { $rows } rows of { $payload } look like records and were not read: in sheets that the manifest leaves out, or above a header ({ $sheets }); correct `sheets` or `header`, or name the sheets in `ignored_sheets`
run-too_few_records = { $stream }: { $records } records, expected at least { $min }
run-too_many_records = { $stream }: { $records } records, expected at most { $max }
run-too_many_parked = { $stream }: { $parked } parked, expected at most { $max }
run-too_large_share_parked = { $stream }: { $parked } of { $records } parked, expected at most { $max_percent } %
run-not_fresh = { $stream }: the newest record ends on { $newest }, expected within the last { $days } days
run-no_record = { $stream }: no records, expected at least one from the last { $days } days
run-missing = { $stream }: { $records ->
    [one] { $records } record is not in the newest whole; it counts
   *[other] { $records } records are not in the newest whole; they count
} until somebody decides, see `huiliu missing list`
run-too_many_missing = { $stream }: { $records } of { $of } records are not in the newest whole, more than { $max_percent } %; the manifest would withdraw them, but so many at once count until somebody decides, see `huiliu missing list`
run-missing_withdrawn = { $stream }: { $records ->
    [one] { $records } record is not in the newest whole and counts
   *[other] { $records } records are not in the newest whole and count
} no longer, as the manifest says; see `huiliu missing list --state withdrawn`
run-missing_unclear = { $stream }: who is missing cannot be told: { $because }
unclear-unmet = the pass did not meet another expectation
unclear-partial = the pass did not read the stream from its beginning to its end; the next pass does
unclear-unread = { $payloads ->
    [one] { $payloads } payload cannot be read
   *[other] { $payloads } payloads cannot be read
}
unclear-undelivered = { $batches ->
    [one] { $batches } batch is not delivered
   *[other] { $batches } batches are not delivered
}; see `huiliu batches list`
unclear-unidentified = { $records ->
    [one] { $records } row does not tell whose record it is
   *[other] { $records } rows do not tell whose record they are
}; correct or discard the dead letters, see `huiliu dead-letters list`, then sync again
unclear-awaiting = { $records ->
    [one] { $records } row was parked and is
   *[other] { $records } rows were parked and are
} not replayed; see `huiliu payloads list --state read`, then sync again
unclear-unknown = { $batches ->
    [one] { $batches } batch was delivered
   *[other] { $batches } batches were delivered
} before the manifest said complete = true; run `huiliu sync --full`
run-process_ended = the process that ran it ended

# Why a batch is quarantined.
batch-crashed = the process that delivered this batch alone was ended by signal { $signal }
contract-broken = quarantined because the batch breaks the contract of its stream: { $problems }; correct the manifest, or release the batch as it is with `huiliu batches release`
contract-shared_problem = { $reason } in field { $field } in { $records } of { $of } records
contract-damaged_ids = { $records } of { $of } ID numbers in field { $field } were damaged by a spreadsheet, which replaced their last digits by zeros ({ $examples }), so none of the column can be trusted; get the file again with the column kept as text
contract-other_hours = field { $field } of { $records } of { $of } records is many times the hours of the same courses before, or a fraction of them: { $now } class hours instead of { $before } ({ $address }); ask whether the unit has changed
contract-other_median = the median of field { $field } is { $now }, and { $before } in { $records } records before; ask whether the unit or the scale has changed
contract-new_words = field { $field } of { $records } of { $of } records has a value that no record had before: { $values } instead of { $known }; ask what it means
contract-new_blanks = field { $field } is blank in { $records } of { $of } records, and was blank in none of { $before } records before; ask whether the field has another name now
run-listing_restarted = { $stream }: read from the beginning of the listing again, because the place at which the last run stopped was refused ({ $why })
run-other_encoding = { $payload }: the manifest says GB18030, but the text is UTF-8 and was read as UTF-8; write encoding = "auto" in the format of stream { $stream }
run-files_left_out = { $files ->
    [one] { $files } file was not read, because its name fits no pattern of the connector
   *[other] { $files } files were not read, because their names fit no pattern of the connector
}: { $names }; rename them, add a pattern to the manifest, or move them out of the way; see `huiliu files list { $source } --state left-out`
run-files_unfit = { $files ->
    [one] { $files } entry was not read, because it is not a regular file (but a link, a folder, a pipe, a device …), or its name is not readable text
   *[other] { $files } entries were not read, because they are not regular files (but links, folders, pipes, devices …), or their names are not readable text
}: { $names }; put the files themselves there, or rename them; see `huiliu files list { $source } --state left-out`
run-files_growing = { $stream }: { $files ->
    [one] { $files } file is being written and is left
   *[other] { $files } files are being written and are left
} for the next pass: { $names }
run-files_taken_as_read = { $stream }: { $files ->
    [one] { $files } file was read or passed over before, by the cursor, and is
   *[other] { $files } files were read or passed over before, by the cursor, and are
} not read again; see `huiliu files list { $source }`, or read everything with `huiliu sync { $source } --full`
run-files_failed = { $stream }: { $files } files could not be fetched: { $names }; the next pass tries again, see `huiliu files list { $source } --state failed`
run-sheet_taken = { $file } is a correction sheet: { $closed } dead letters closed by it, { $others } rows did not close one{ $failure ->
    [null] {""}
   *[other] ; not all corrections were replayed: { $failure }
}; see `huiliu corrections list`
run-unread = { $payloads ->
    [one] { $payloads } payload cannot be decoded: { $payload }: { $why }
   *[other] { $payloads } payloads cannot be decoded, the first of them { $payload }: { $why }
}; see `huiliu payloads list`

# Why a file is not read, or not again.
file-name = its name fits none of the patterns { $patterns }
file-temporary = its name is that of a file which another program needs while it works
file-link = it is a symbolic link, which is not followed
file-folder = it is a folder; only files that stand in the source's folder itself are read
file-directory = it is a folder with the name of a file
file-pipe = it is a named pipe, which has no end
file-socket = it is a socket, which has no end
file-device = it is a device, which may have no end
file-other_name = it has another name elsewhere (a hard link) and does not belong to the owner of the folder; put a copy there instead
file-name_not_text = its name is not readable text
file-growing = it was being written; the next pass looks again
file-copy = its bytes and its time of change are those of { $of }, which was read
